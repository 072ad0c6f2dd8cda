/**
 * What may be said in a de-identified slide: fields by their tag, descriptions and keys word by word. Whatever is not here
 * is a finding. The lists are this proof's own; those of the steps are not consulted.
 */
import type { Layout } from './layout.ts'
import { isPlain } from './streams.ts'

const NUMBER = /^-?\d{1,7}([.,]\d{1,20})?([eE][-+]?\d{1,3})?$/

/** Numbers that say how pixels are stored (TIFF 6.0, its supplements), and the description, which is read word by word. */
const TIFF_TAGS = new Set(
  [
    254, 255, 256, 257, 258, 259, 262, 266, 270, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 296, 317, 318, 319,
    320,
  ].concat([322, 323, 324, 325, 338, 339, 340, 341, 347, 529, 530, 531, 532, 32_997, 34_675]),
)
/** Hamamatsu's numbers: high words, geometry, optics, restart segments, times of single actions in milliseconds. */
const NDPI_TAGS = new Set(
  [
    65_324, 65_325, 65_420, 65_421, 65_422, 65_423, 65_424, 65_425, 65_426, 65_432, 65_433, 65_434, 65_435, 65_436,
    65_437,
  ].concat([65_438, 65_439, 65_440, 65_441, 65_443, 65_444, 65_445, 65_446, 65_447, 65_450, 65_451, 65_500]),
)
const DESCRIPTION = 270
/** NDPI: the maker's name, by which readers may know the format. Pyramids: whose they are. */
const MAKE = 271
const SOFTWARE = 305
/** A palette is a ramp, whose bytes may well spell ABC; coding tables, profiles and positions are judged elsewhere. */
const SPELLED_BY_CHANCE = new Set([273, 279, 320, 324, 325, 347, 34_675, 65_426, 65_432])

const DATE_TIME = 306
const JPEG_TABLES = 347

/** What may be left of dates: the year, or a day; the time of day never. */
export type KeptDates = 'year' | 'shifted'

const DATES: Record<KeptDates, { tiff: RegExp; aperio: RegExp; mirax: RegExp }> = {
  year: {
    tiff: /^\d{4}:01:01 00:00:00\0$/,
    aperio: /^01\/01\/\d\d$/,
    mirax: /^01\/01\/\d{4} 00:00:00$/,
  },
  shifted: {
    tiff: /^\d{4}:\d\d:\d\d 00:00:00\0$/,
    aperio: /^\d\d\/\d\d\/\d\d$/,
    mirax: /^\d\d\/\d\d\/\d{4} 00:00:00$/,
  },
}

const isBlank = (bytes: Buffer): boolean => bytes.every(byte => byte === 0 || byte === 0x20)
const spellsSomething = (bytes: Buffer): boolean => /[A-Za-z^ ]{6,}/.test(bytes.toString('latin1')) && !isBlank(bytes)

/** Whether one field of a page may be in a result. */
function isAllowedField(
  kind: Layout['kind'],
  { tag, ascii, value, idle }: Layout['fields'][number],
  dates: KeptDates | undefined,
): boolean {
  if (isBlank(value)) return true
  if (idle) return false
  if (tag === JPEG_TABLES) return !ascii && isPlain('jpeg', value)
  if (tag === DATE_TIME && dates) return ascii && DATES[dates].tiff.test(value.toString('latin1'))
  if (kind === 'ndpi' && tag === MAKE) return /^Hamamatsu[\0 ]*$/.test(value.toString('latin1'))
  if (tag === SOFTWARE) return /^Coverslip[ \d.]*\0*$/.test(value.toString('latin1'))
  if (tag === DESCRIPTION) return ascii && kind === 'tiff'
  const known = TIFF_TAGS.has(tag) || (kind === 'ndpi' && NDPI_TAGS.has(tag))
  return known && !ascii && (SPELLED_BY_CHANCE.has(tag) || !spellsSomething(value))
}

/** Lines that Aperio's software writes before the pairs: who wrote the file, its geometry, that a page is the macro. */
const APERIO_LINES = [
  /^macro \d{1,5}x\d{1,5}$/,
  /^Aperio( (Image Library|Leica Biosystems [A-Z]{2}\d{1,4}( ?DX)?))?( v?\d{1,4}(\.\d{1,5}){0,3})?$/,
  /^\d{1,7}x\d{1,7}( \[\d{1,7},\d{1,7},? \d{1,7}x\d{1,7}\])?( \(\d{1,5}x\d{1,5}\))?( -> \d{1,7}x\d{1,7})?( (JPEG|J2K|RAW|LZW)(\/[A-Z0-9]{2,6})?( Q=\d{1,3})?)?( -)?$/,
]
const APERIO_NUMBERS = new Set(
  'appmag mpp stripewidth left top linecameraskew lineareaxoffset lineareayoffset displaycolor originalwidth'
    .concat(' originalheight gamma bestfocuslayer calibrationaverageblue calibrationaveragegreen calibrationaveragered')
    .split(' ')
    .concat(['focus offset', 'exposure time', 'exposure scale']),
)
const PROFILE_NAME = /^(ScanScope v1|AT2|GT450|sRGB)$/
const OWN_PYRAMID = /^Coverslip pyramid(\|mpp=(\d{1,3}(\.\d{1,12})?))?(\|objective-power=(\d{1,3}(\.\d{1,4})?))?$/

/** The values that a description holds; null when it says anything else. */
export function valuesOfDescription(description: string, dates?: KeptDates): string[] | null {
  const own = OWN_PYRAMID.exec(description)
  if (own) return [own[2], own[5]].filter(value => value !== undefined)
  const [prose = '', ...pairs] = description.split('|')
  const lines = prose.split(/[;\r\n]+/).map(line => line.trim())
  if (!lines.every(line => line === '' || APERIO_LINES.some(form => form.test(line)))) return null
  const values: string[] = []
  for (const pair of pairs) {
    const [, key, value] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/s.exec(pair) ?? []
    if (key === undefined || value === undefined) return null
    if (dates && key.toLowerCase() === 'date' && DATES[dates].aperio.test(value)) continue
    const isNumber = APERIO_NUMBERS.has(key.toLowerCase()) && NUMBER.test(value)
    if (!isNumber && !(key === 'ICC Profile' && PROFILE_NAME.test(value))) return null
    if (isNumber) values.push(value)
  }
  return values
}

const WORD =
  /^(True|False|ON|OFF|JPEG|PNG|BMP24|GRAYPNG|DIGITAL_SLIDE|SLIDE_TYPE_(BRIGHTFIELD|FLUORESCENCE)|default|Default)$/
const STRUCTURE =
  /^(Index\.dat|Data\d{4}\.dat|(NON)?(HIER)?LAYER_\d{1,3}(_LEVEL_\d{1,3})?_SECTION|(ZoomLevel|FilterLevel|MaskLevel|FocusLevel|MicroscopeFocusLevel|ExtFocusLevel|Level)_?-?\d{0,3})$/
const LAYER =
  /^(Slide (zoom|filter|focus|mask) level|Slide zoom level|Microscope focus level|Scan info layer|Layer \d{1,3}|Scan data layer|StitchingLayer|StitchingIntensityLayer|StitchingIntensityLevel|ScanDataLayer_SlideThumbnail|VIMSLIDE_POSITION_BUFFER|VIMSLIDE_HISTOGRAM_DATA|DataLevel_V\d\.\d|default|ScanDataLayer_Empty)?$/

/** Keys of Slidedat.ini with what they may say: counts, sizes, optics, and the names of its own parts. */
const MIRAX_KEYS: readonly [RegExp, RegExp][] = [
  [/^SLIDE_VERSION$/, /^\d\d\.\d\d$/],
  [/^SLIDE_ID$/, /^[0-9A-F]{1,64}$/],
  [
    /^(CURRENT_SLIDE_VERSION|IMAGENUMBER_[XY]|OBJECTIVE_MAGNIFICATION|CameraImageDivisionsPerSide|(SLIDE|CAMERA)_BITDEPTH)$/,
    /^\d{1,7}([.,]\d+)?x?$/,
  ],
  [/^(IMAGE_OVERLAP_MICROMETERS|SLIDE_POSITION|OBJECT_GUIDE_HYSTERESIS)_[XY]$/, NUMBER],
  [
    /^(ADAPTER_SIZE|OPTOVAR_SIZE|OUTPUT_RESOLUTION|SCANNED_FOV_COUNT|SCANNING_ALGORITM|SHARPENED|SQRT2_RESIZED)$/,
    NUMBER,
  ],
  [
    /^(SLIDE_CONTENT|SLIDE_TYPE|INDIVIDUALLY_EXP_TIMES|VIMSLIDE_SLIDE_[A-Z]+|SHARPENED|SQRT2_RESIZED|IMAGE_FORMAT)$/,
    WORD,
  ],
  [/^(INDIVIDUALLY_EXP_TIMES|VIMSLIDE_[A-Z_]+|PAGEELEMENTCOUNT|PAGELENGTH|(NON)?HIER_COUNT|FILE_COUNT)$/, NUMBER],
  [/^(INDEXFILE|FILE_\d+|(NON)?HIER_\d+(_VAL_\d+)?_SECTION|HIER_\d+_VAL_\d+)$/, STRUCTURE],
  [/^((NON)?HIER_\d+_NAME|NONHIER_\d+_VAL_\d+)$/, LAYER],
  [/^((NON)?HIER_\d+_(COUNT|DEFAULT)|NONHIER_\d+_VAL_\d+_IMAGENUMBER_[XY])$/, NUMBER],
  [/^(OVERLAP|MICROMETER_PER_PIXEL)_[XY]$/, NUMBER],
  [/^(DIGITIZER_(WIDTH|HEIGHT)|IMAGE_(CONCAT_FACTOR|COMPRESSION_FACTOR)|[XYZ]DIFF)$/, NUMBER],
  // Of a macro that stays; whether one may is judged elsewhere.
  [/^THUMBNAIL_IMAGE_(WIDTH|HEIGHT)$/, NUMBER],
  [/^THUMBNAIL_IMAGE_TYPE$/, WORD],
  [/^IMAGE_FILL_COLOR_BGR$/, /^\d{1,9}$/],
  [/^((MODIFIED_)?COLOR_[RGB]|GAMMA|CONTRAST|BRIGHTNESS|THRESHOLD|EXPOSUREPERCENTAGE|STORING_CHANNEL_NUMBER)$/, NUMBER],
  [
    /^(IS_(MASTER|STITCHING)_FILTER|USE_(RED|GREEN|BLUE)_CHANNEL|ACTIVE|MODIFY|FILTER_NAME)$/,
    /^(True|False|ON|OFF|\d|Default)$/,
  ],
  [/^DATA_IN_THIS_FILTER_LEVEL$/, STRUCTURE],
]
const SECTION = /^(GENERAL|HIERARCHICAL|DATAFILE|(NONHIER)?LAYER_\d{1,3}(_LEVEL_\d{1,3})?_SECTION)$/

function isAllowedKey(place: string, value: string, dates: KeptDates | undefined): boolean {
  const at = place.indexOf('/')
  const [section, key] = [place.slice(0, at), place.slice(at + 1)]
  if (!SECTION.test(section)) return false
  if (dates && place === 'GENERAL/SLIDE_CREATIONDATETIME') return DATES[dates].mirax.test(value)
  return value.trim() === '' || MIRAX_KEYS.some(([keys, values]) => keys.test(key) && values.test(value))
}

const textOf = (bytes: Buffer): string => {
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end)
}

export interface Judged {
  /** Places whose words are not allowed. */
  findings: string[]
  /** Numbers that stay. */
  values: string[]
}

/** Judges every field, description and key of a result. */
export function judgeWords(layout: Layout, dates?: KeptDates): Judged {
  const findings = layout.fields.filter(field => !isAllowedField(layout.kind, field, dates)).map(({ place }) => place)
  const values: string[] = []
  for (const { place, bytes } of layout.texts) {
    const text = textOf(bytes)
    if (layout.kind === 'mirax') {
      if (isAllowedKey(place, text, dates)) values.push(...(NUMBER.test(text) ? [text] : []))
      else findings.push(place)
    } else if (/tag 270$/.test(place)) {
      const found = valuesOfDescription(text, dates)
      if (found && isBlank(bytes.subarray(text.length))) values.push(...found)
      else findings.push(place)
    }
  }
  return { findings, values }
}
