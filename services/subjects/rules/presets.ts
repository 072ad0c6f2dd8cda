/** Sets of rules to begin with; a project changes them as its review board decides. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { RulesPreset, SelectionRule } from '@coverslip/proto/api/selection-rules.ts'

/** DUO:0000042, general research use. */
const GENERAL_RESEARCH = 'DUO:0000042'

/**
 * The rules of a preset.
 * @param collectedFrom the day from which material needs consent. It follows from the law of the place and from when the
 * hospital's consent form came into use: no program can know it, so a preset with such rules has no day of its own.
 * @throws ServiceError `invalid` for `paip` without a day
 */
export function presetRules(preset: RulesPreset, collectedFrom: string | undefined): readonly SelectionRule[] {
  if (preset === 'none') return []
  if (collectedFrom === undefined) {
    throw new ServiceError(
      'invalid',
      'The preset "paip" wants collectedFrom: the day (such as 2020-01-31) from which your site needs consent for what is collected',
    )
  }
  return [
    { rule: 'consent', collectedFrom },
    { rule: 'consent-scope', terms: [GENERAL_RESEARCH], collectedFrom },
    { rule: 'international-use', collectedFrom },
    { rule: 'commercial-use', collectedFrom },
    { rule: 'vital-status', brokers: [] },
    { rule: 'tumour-fraction', atLeast: 0.3 },
    { rule: 'normal-fraction', atLeast: 0.3 },
    { rule: 'information', fields: ['case', 'organ', 'diagnosis', 'stain', 'collected'] },
  ]
}
