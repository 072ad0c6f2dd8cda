/** Keys of Slidedat.ini that stay, with what their value must look like. */

const WHOLE = /^-?\d{1,9}$/
const DECIMAL = /^-?\d{1,9}([.,]\d{1,15})?([eE]-?\d{1,2})?$/
const FLAG = /^(True|False|0|1)$/i

const keys = (pattern: RegExp, ...names: string[]): [string, RegExp][] => names.map(name => [name, pattern])

/** GENERAL without the slide's id, which is made anew. */
export const GENERAL: ReadonlyMap<string, RegExp> = new Map([
  ['SLIDE_VERSION', /^\d{1,2}\.\d{1,2}$/],
  ['CURRENT_SLIDE_VERSION', /^\d{1,2}([.,]\d{1,2})?$/],
  ['SLIDE_CONTENT', /^DIGITAL_SLIDE$/],
  ['SLIDE_TYPE', /^SLIDE_TYPE_(BRIGHTFIELD|FLUORESCENCE)$/],
  ['OBJECTIVE_MAGNIFICATION', /^\d{1,3}([.,]\d{1,2})?x?$/i],
  ...keys(WHOLE, 'IMAGENUMBER_X', 'IMAGENUMBER_Y', 'CameraImageDivisionsPerSide', 'SLIDE_BITDEPTH', 'CAMERA_BITDEPTH'),
  ...keys(DECIMAL, 'IMAGE_OVERLAP_MICROMETERS_X', 'IMAGE_OVERLAP_MICROMETERS_Y', 'ADAPTER_SIZE', 'OPTOVAR_SIZE'),
  ...keys(DECIMAL, 'VIMSLIDE_SLIDE_ROTATION', 'OUTPUT_RESOLUTION'),
  ...keys(FLAG, 'VIMSLIDE_SLIDE_FLIPHORZ', 'VIMSLIDE_SLIDE_FLIPVERT', 'INDIVIDUALLY_EXP_TIMES'),
])

/** Sections of zoom levels. */
export const LEVEL: ReadonlyMap<string, RegExp> = new Map([
  ['IMAGE_FORMAT', /^JPEG$/],
  ...keys(WHOLE, 'IMAGE_FILL_COLOR_BGR', 'DIGITIZER_WIDTH', 'DIGITIZER_HEIGHT', 'IMAGE_CONCAT_FACTOR'),
  ...keys(WHOLE, 'IMAGE_COMPRESSION_FACTOR'),
  ...keys(DECIMAL, 'MICROMETER_PER_PIXEL_X', 'MICROMETER_PER_PIXEL_Y', 'OVERLAP_X', 'OVERLAP_Y'),
])

/** The section of the camera's positions. */
export const POSITION: ReadonlyMap<string, RegExp> = new Map(keys(WHOLE, 'VIMSLIDE_POSITION_DATA_FORMAT_VERSION'))

/** HIERARCHICAL's own numbers; the rest of it is made anew. */
export const PAGES: ReadonlyMap<string, RegExp> = new Map(keys(WHOLE, 'PAGEELEMENTCOUNT', 'PAGELENGTH'))

/** Keys that are removed and whose names say nothing of a patient; any other name is withheld from the report. */
export const REMOVED_KEYS: ReadonlySet<string> = new Set([
  'SLIDE_NAME',
  'SLIDE_ID',
  'PROJECT_NAME',
  'SLIDE_CREATIONDATETIME',
  'SLIDE_UTC_CREATIONDATETIME',
  'SLIDE_POSITION_X',
  'SLIDE_POSITION_Y',
  'CAMERA_TYPE',
  'OBJECTIVE_NAME',
  'OPERATOR',
  'SCANNER_HARDWARE_VERSION',
  'SCANNER_HARDWARE_ID',
  'SCANNER_SOFTWARE_VERSION',
  'SCANNER_CAMERA_TYPE',
  'SCANNED_FOV_COUNT',
  'BARCODE_VALUE',
  'BARCODE_TYPE',
  'FILTER_NAME',
  'IS_MASTER_FILTER',
  'COLOR_R',
  'COLOR_G',
  'COLOR_B',
  ...['THUMBNAIL', 'BARCODE', 'PREVIEW', 'WHOLESLIDE'].flatMap(kind =>
    ['TYPE', 'WIDTH', 'HEIGHT'].map(what => `${kind}_IMAGE_${what}`),
  ),
])
