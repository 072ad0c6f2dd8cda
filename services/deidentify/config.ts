import { bytes, integer, readBy, type Settings, text } from '@coverslip/platform/config.ts'
import { CODINGS_FORM, readCodings } from '@coverslip/wsi/convert/codings.ts'
import { z } from 'zod'

/** Words separated by commas. */
const words = text.transform(line =>
  line
    .split(',')
    .map(word => word.trim())
    .filter(word => word !== ''),
)

export const config = {
  DEIDENTIFY_CONCURRENCY: {
    type: integer(1, 64),
    default: '2',
    help: 'Slides in work at once in one process; formats that are rewritten use all cores for one slide',
  },
  ANNOTATION_TERMS: {
    type: words,
    default:
      'tumor,tumour,whole tumor,viable tumor,tumor area,tumor bed,stroma,necrosis,normal,benign,malignant,in situ,invasive,lymphocytes,immune cells,mucin,muscle,fat,vessel,nerve,gland,epithelium,background,artefact,artifact,ignore*,region*,exclude,exclusion,other,positive,negative',
    help: 'Names of layers and terms that may pass with an annotation file that comes with a slide; all others are replaced by letters',
  },
  ANNOTATION_FILE_MAX_BYTES: {
    type: bytes,
    default: '256m',
    help: 'Largest annotation file that is taken with a slide',
  },
  REVIEW_GATE: {
    type: z.enum(['on', 'off'], { error: 'expected on or off' }),
    default: 'on',
    help: 'Whether a person looks at each slide before it is released, in projects whose owner did not say; `off` is audited',
  },
  NAMING_MIN_SUBJECTS: {
    type: integer(1, 10_000),
    default: '5',
    help: 'Names that fewer subjects of a project share are shown to the reviewer as singling a subject out',
  },
  DEIDENTIFY_MACRO: {
    type: z.enum(['drop', 'left', 'right', 'top', 'bottom'], { error: 'expected drop, left, right, top or bottom' }),
    default: 'drop',
    help: 'Pictures of the whole glass go, or stay without the end that is named, where the label is',
  },
  DEIDENTIFY_THUMBNAIL: {
    type: z.enum(['drop', 'keep-clean'], { error: 'expected drop or keep-clean' }),
    default: 'drop',
    help: 'Thumbnails go, or stay where they show no ink, no writing and nothing that the levels do not show (SVS)',
  },
  DEIDENTIFY_DATES: {
    type: z.enum(['remove', 'year', 'shift'], { error: 'expected remove, year or shift' }),
    default: 'remove',
    help: 'What stays of the day of the scan: nothing, its year, or another day, moved by as many days for all slides of a subject',
  },
  PYRAMID_CODINGS: {
    type: readBy(readCodings, CODINGS_FORM),
    default: '',
    help: 'As for the service pyramid: how pyramids are coded, here of formats that are rewritten',
  },
  REPORT_SIGNING_KEY: {
    type: text,
    default: '',
    help: 'Ed25519 private key (PEM) that signs the reports on de-identification. Empty: made and kept in REPORT_KEY_FOLDER',
    secret: true,
  },
  REPORT_INPUT_KEY: {
    type: text,
    default: '',
    help: 'By which reports tell their source to this site and to nobody else, and the audit is chained (32 characters or more). Empty: made and kept in REPORT_KEY_FOLDER',
    secret: true,
  },
  REPORT_KEY_FOLDER: { type: text, default: '{data}/keys', help: 'Where keys of reports that are not given are kept' },
} satisfies Settings
