/** Whether the report itself repeats a text of the source. */
import type { Known } from '../proof/needles.ts'
import { KEPT_KEYS as APERIO_KEPT, REMOVED_KEYS as APERIO_REMOVED } from '../steps/aperio-description.ts'
import { KNOWN_RECORDS, PICTURES } from '../steps/mirax/records.ts'
import { GENERAL, LEVEL, POSITION, REMOVED_KEYS } from '../steps/mirax/slidedat-keys.ts'
import { KNOWN_FIELDS } from '../steps/structural-fields.ts'
import { reportPage } from './page.ts'
import type { SignedReport } from './signature.ts'

/** Names that scanners give to what they write: a report may say that there was a barcode, and not which. */
const NAMES = [
  ...KNOWN_FIELDS.values(),
  ...[KNOWN_RECORDS, PICTURES, GENERAL, LEVEL, POSITION, REMOVED_KEYS, APERIO_KEPT, APERIO_REMOVED].flatMap(names => [
    ...names.keys(),
  ]),
]

/** Words of the program's own: places, kinds, formats. */
const WORDS =
  `label macro thumbnail map other image field key text date jpeg-segment metadata unknown irregular prose tiles
strips comments record profile ICC texts associated records beside the zoom levels files of the slide Slidedat.ini Index.dat
sidecar everything but the pixels of level 0, mpp, objective power and ICC profile all files of the source behind picture
aperio generic-tiff hamamatsu mirax leica philips-tiff ventana trestle sakura zeiss dicom original pyramid svs ndpi mrxs tiff
picture in the .mrxs file further file comments and application segments kept dates left right top bottom year shifted place kind name length count width height tiles redacted blanked bytes sha256`.replace(
    /\s+/g,
    ' ',
  )

/** Sizes of pictures that went, and the numbers of data files. */
const MEASURES = /\b(\d{1,7}x\d{1,7}|Data\d{4}\.dat)\b/g

const MIN_LETTERS = 3
const MIN_DIGITS = 7

/**
 * Hashes, signatures and the names of results spell short words by chance; they are made of the result, or drawn, and not of
 * texts. That names are such names is a check of its own.
 */
function withoutChance(report: SignedReport): SignedReport {
  return {
    ...report,
    rulesSha256: '',
    inputHmac: '',
    sha256: '',
    levels: report.levels.map(level => ({ ...level, sha256: '' })),
    files: report.files.map(file => ({ ...file, name: '', sha256: '' })),
    signature: { ...report.signature, keyId: '', value: '' },
  }
}

const isLookedFor = ({ text }: Known): boolean =>
  /^[\d\W]+$/.test(text) ? text.replace(/\D/g, '').length >= MIN_DIGITS : text.length >= MIN_LETTERS

/** The texts of the source that the report or its page would repeat. */
export function repeatedTexts(report: SignedReport, known: readonly Known[]): Known[] {
  const bare = withoutChance(report)
  const said = `${JSON.stringify(bare)}\n${reportPage(bare)}`.replace(MEASURES, '').toLowerCase()
  // A report of nothing: what its page says is said of every slide.
  const nothing = { ...bare, removed: [], levels: [], files: [] }
  const always = [...NAMES, WORDS, Object.keys(report).join(' '), JSON.stringify(report.checks), reportPage(nothing)]
  const harmless = always.join('\n').toLowerCase()
  return known.filter(one => {
    const text = one.text.toLowerCase()
    return isLookedFor(one) && said.includes(text) && !harmless.includes(text)
  })
}
