/** Sets of rules to begin with; a project changes them as its review board decides. */
import type { rulesPreset, SelectionRule } from '@coverslip/proto/api/selection-rules.ts'
import type { z } from 'zod'

/** Korea's Bioethics and Safety Act as amended: material taken since this day needs the donor's written consent. */
const BIOETHICS_ACT = '2013-02-02'
/** DUO:0000042, general research use. */
const GENERAL_RESEARCH = 'DUO:0000042'

export const presets: Readonly<Record<z.infer<typeof rulesPreset>, readonly SelectionRule[]>> = {
  none: [],
  paip: [
    { rule: 'consent', collectedFrom: BIOETHICS_ACT },
    { rule: 'consent-scope', terms: [GENERAL_RESEARCH], collectedFrom: BIOETHICS_ACT },
    { rule: 'international-use', collectedFrom: BIOETHICS_ACT },
    { rule: 'commercial-use', collectedFrom: BIOETHICS_ACT },
    { rule: 'vital-status', brokers: [] },
    { rule: 'tumour-fraction', atLeast: 0.3 },
    { rule: 'normal-fraction', atLeast: 0.3 },
    { rule: 'information', fields: ['case', 'organ', 'diagnosis', 'stain', 'collected'] },
  ],
}
