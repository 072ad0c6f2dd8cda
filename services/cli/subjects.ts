/** Subjects: what a manifest says of them, and withdrawals of their consent. */
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Withdrawal, withdrawal } from '@coverslip/proto/api/ledger.ts'
import { manifestAnswer, subjectDetails, subjectList } from '@coverslip/proto/api/subjects.ts'
import type { z } from 'zod'
import type { Connection } from './connection.ts'
import { CliError, EXIT } from './errors.ts'
import { read, type Target } from './http.ts'

export type ManifestResult = z.infer<typeof manifestAnswer>
export type Subject = z.infer<typeof subjectDetails>

const POLL_MS = 500
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Subjects are known on-prem only. */
const target = ({ intakeUrl, token }: Connection): Target => ({ url: intakeUrl, token })

/** @throws CliError when the file cannot be read, or is no manifest at all */
export async function sendManifest(connection: Connection, path: string, project = 'default'): Promise<ManifestResult> {
  const body = await readFile(path)
  const headers = { 'content-type': 'text/csv' }
  const to = `/api/manifests?project=${encodeURIComponent(project)}`
  return read(target(connection), to, manifestAnswer, { method: 'POST', headers, body })
}

/** One fact a line, then every line that was not taken. */
export function manifestFacts(result: ManifestResult): string[] {
  const counts: [number, string][] = [
    [result.taken, 'taken'],
    [result.unchanged, 'as before'],
    [result.late, 'taken, but their slides had gone on under another pseudonym'],
    [result.withdrawn, 'of subjects who have withdrawn'],
    [result.refusedLines, 'refused'],
  ]
  const said = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  const more = result.refusedLines - result.refused.length
  return [
    said.join(', ') || 'the manifest has no lines',
    ...result.refused.map(({ line, reason }) => `line ${line}: ${reason}`),
    ...(more > 0 ? [`and ${more} more`] : []),
  ]
}

/** @param named an id or a pseudonym, in any case. @throws CliError `not-found` */
export async function findSubject(connection: Connection, named: string): Promise<Subject> {
  const id = ID.test(named) ? named.toLowerCase() : await idOf(connection, named)
  return read(target(connection), `/api/subjects/${id}`, subjectDetails)
}

const UNKNOWN =
  "No subject has this pseudonym. It is nine characters; from a hospital's number to it leads a look-up in the ledger " +
  '(README: "For slides of patients")'

async function idOf(connection: Connection, pseudonym: string): Promise<string> {
  const query = new URLSearchParams({ pseudonym })
  const { subjects } = await read(target(connection), `/api/subjects?${query}`, subjectList)
  if (!subjects[0]) throw new CliError('not-found', UNKNOWN)
  return subjects[0].id
}

export async function beginWithdrawal(connection: Connection, id: string, reason: string): Promise<Withdrawal> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ reason })
  return read(target(connection), `/api/subjects/${id}/withdrawal`, withdrawal, { method: 'POST', headers, body })
}

/** Waits until every keeper has answered. @param onStep told how many of how many answers are there */
export async function followWithdrawal(
  connection: Connection,
  begun: Withdrawal,
  { signal, onStep }: { signal: AbortSignal; onStep(answered: number, wanted: number): void },
): Promise<Withdrawal> {
  for (let now = begun; ; ) {
    const wanted = now.slides.length * now.keepers.length
    onStep(wanted - now.slides.reduce((sum, { waitingFor }) => sum + waitingFor.length, 0), wanted)
    if (now.state === 'done') return now
    await sleep(POLL_MS, undefined, { signal })
    now = await read(target(connection), `/api/withdrawals/${begun.id}`, withdrawal)
  }
}

const countText = (slides: number): string => `${slides} slide${slides === 1 ? '' : 's'}`

/** What a person reads of a withdrawal. */
export function withdrawalFacts(shown: Withdrawal): string[] {
  const { id, state, slides, keepers, seconds, downloads, heldLater, proof } = shown
  const counted = `${countText(slides.length)} of ${shown.subject}`
  return [
    state === 'done' ? `${counted} erased, say ${keepers.join(', ')}` : `${counted} being erased`,
    `withdrawal ${id}`,
    ...(seconds === null ? [] : [`after ${seconds.toFixed(1)} s`]),
    ...(proof ? [`proof ${proof.hash}, entry ${proof.auditEntry} of the audit`] : []),
    ...downloads.map(({ user, what, name, slide, at }) => `${user} took ${what} of ${name ?? slide} at ${at}`),
    ...(heldLater && !heldLater.subject
      ? [
          `the ledger knows the subject by no name: of what comes later it holds ${heldLater.files} known files, and nothing else`,
        ]
      : []),
  ]
}

/** @throws CliError (usage): nothing is erased by a slip of the pen */
export function mustBeMeant(subject: Subject, isMeant: boolean): void {
  if (isMeant) return
  const what = `every copy of ${countText(subject.slides)} of ${subject.pseudonym} at both sites, for good`
  throw new CliError('usage', `This erases ${what}; say it again with --yes`, EXIT.usage)
}
