/** Entries of the audit in plain words; pure. */
const ACTIONS: Readonly<Record<string, string>> = {
  'manifest.taken': 'Manifest taken',
  'manifest.refused': 'Lines of a manifest refused',
  'consent.recorded': 'Consent recorded',
  'attestation.made': 'Attested',
  'rules.changed': 'Rules changed',
  'ledger.on': 'Ledger switched on',
  'ledger.off': 'Ledger switched off',
  'ledger.key-rotated': 'Key rotated',
  'ledger.key-destroyed': 'Key destroyed',
  'ledger.lookup-requested': 'Look-up asked for',
  'ledger.lookup-approved': 'Look-up agreed to',
  'ledger.lookup-refused': 'Look-up refused',
  'ledger.looked-up': 'Answer of a look-up seen',
  'withdrawal.requested': 'Withdrawal asked for',
  'withdrawal.done': 'Withdrawal done',
  'audit.adopted': 'Former audit taken over',
  'audit.words-erased': 'Words erased by a withdrawal',
}

/** Facts that tell people something; the others (ids, hashes) are for programs. */
const TOLD: Readonly<Record<string, (value: unknown) => string>> = {
  subject: String,
  lines: value => `${value} line${value === 1 ? '' : 's'}`,
  kind: String,
  version: value => `version ${value}`,
  slides: value => `${value} slide${value === 1 ? '' : 's'}`,
  by: value => `by ${value}`,
}

/** `Manifest taken: 3 lines` */
export function sayEntry(action: string, what: Readonly<Record<string, unknown>>): string {
  const facts = Object.entries(TOLD).flatMap(([name, say]) => {
    const value = what[name]
    return typeof value === 'string' || typeof value === 'number' ? say(value) : []
  })
  return [ACTIONS[action] ?? action, facts.join(', ')].filter(Boolean).join(': ')
}
