import { createHash } from 'node:crypto'
import { DIVISIONS } from './mirax-photo.ts'
import type { Patient } from './patient.ts'

/** One entry of a layer beside the zoom levels. */
export interface SideEntry {
  name: string
  /** Of pictures: the keys' prefix and the size. */
  picture?: { kind: 'THUMBNAIL' | 'BARCODE' | 'PREVIEW' | 'WHOLESLIDE'; width: number; height: number }
}

export interface SideLayer {
  name: string
  entries: SideEntry[]
}

/** What Slidedat.ini says of the picture. */
export interface MiraxFacts {
  slideId: string
  /** Stored images across and down. */
  columns: number
  rows: number
  levels: number
  tileSize: number
  overlap: number
  mpp: number
  objectivePower: number
  quality: number
  photographs: number
  dataFiles: readonly string[]
  layers: readonly SideLayer[]
}

/** When the slide was scanned, as MIRAX writes it. */
export const MIRAX_DATE = '23/05/2024 14:37:52'

/** 32 hexadecimal digits that stand in every file of the slide: a number that links copies to their source. */
export const miraxSlideId = (patient: Patient): string =>
  createHash('md5').update(patient.imageId).digest('hex').toUpperCase()

export const miraxHeaderXml = (patient: Patient): string =>
  `<?xml version="1.0"?><SlideScanInfo><Operator>${patient.user}</Operator><Computer>${patient.host}</Computer></SlideScanInfo>`

export const miraxProfileXml = (patient: Patient): string =>
  `<?xml version="1.0"?><Profile ProfileName="${patient.accession} ${patient.title}">` +
  `<Patient Name="${patient.lastName}^${patient.firstName}" Id="${patient.patientId}" Born="${patient.birthDate}"/>` +
  `<Scanned>${MIRAX_DATE}</Scanned></Profile>`

type Lines = [key: string, value: string | number][]

const general = (facts: MiraxFacts, patient: Patient): Lines => [
  ['SLIDE_VERSION', '01.02'],
  ['SLIDE_NAME', patient.fileName],
  ['PROJECT_NAME', patient.hospital],
  ['SLIDE_ID', facts.slideId],
  ['IMAGENUMBER_X', facts.columns],
  ['IMAGENUMBER_Y', facts.rows],
  ['CURRENT_SLIDE_VERSION', 2],
  ['IMAGE_OVERLAP_MICROMETERS_X', 0],
  ['IMAGE_OVERLAP_MICROMETERS_Y', 0],
  ['SLIDE_POSITION_X', 0],
  ['SLIDE_POSITION_Y', 0],
  ['SLIDE_CONTENT', 'DIGITAL_SLIDE'],
  ['SLIDE_CREATIONDATETIME', MIRAX_DATE],
  ['SLIDE_UTC_CREATIONDATETIME', MIRAX_DATE],
  ['CAMERA_TYPE', 'CIS_VCC_F52U25CL'],
  ['ADAPTER_SIZE', 1],
  ['OPTOVAR_SIZE', 1],
  ['OBJECTIVE_MAGNIFICATION', facts.objectivePower],
  ['OBJECTIVE_NAME', 'Plan-Apochromat'],
  ['SLIDE_TYPE', 'SLIDE_TYPE_BRIGHTFIELD'],
  ['OPERATOR', patient.user],
  ['SOURCE_PATH', patient.folder],
  ['CameraImageDivisionsPerSide', DIVISIONS],
  ['VIMSLIDE_SLIDE_ROTATION', 0],
  ['VIMSLIDE_SLIDE_FLIPHORZ', 'False'],
  ['VIMSLIDE_SLIDE_FLIPVERT', 'False'],
]

const hierarchical = ({ levels, layers }: MiraxFacts): Lines => [
  ['INDEXFILE', 'Index.dat'],
  ['PAGEELEMENTCOUNT', 128],
  ['PAGELENGTH', 2048],
  ['HIER_COUNT', 2],
  ['NONHIER_COUNT', layers.length],
  ['HIER_0_NAME', 'Slide zoom level'],
  ['HIER_0_COUNT', levels],
  ['HIER_0_DEFAULT', 0],
  ['HIER_0_SECTION', 'LAYER_0_SECTION'],
  ...Array.from(
    { length: levels },
    (_, k): Lines => [
      [`HIER_0_VAL_${k}`, `ZoomLevel_${k}`],
      [`HIER_0_VAL_${k}_SECTION`, `LAYER_0_LEVEL_${k}_SECTION`],
    ],
  ).flat(),
  ['HIER_1_NAME', 'Slide filter level'],
  ['HIER_1_COUNT', 1],
  ['HIER_1_DEFAULT', 0],
  ['HIER_1_SECTION', 'LAYER_1_SECTION'],
  ['HIER_1_VAL_0', 'FilterLevel_0'],
  ['HIER_1_VAL_0_SECTION', 'LAYER_1_LEVEL_0_SECTION'],
  ...layers.flatMap(
    ({ name, entries }, i): Lines => [
      [`NONHIER_${i}_NAME`, name],
      [`NONHIER_${i}_COUNT`, entries.length],
      [`NONHIER_${i}_SECTION`, `NONHIERLAYER_${i}_SECTION`],
      ...entries.flatMap(
        ({ name }, j): Lines => [
          [`NONHIER_${i}_VAL_${j}`, name],
          [`NONHIER_${i}_VAL_${j}_SECTION`, `NONHIERLAYER_${i}_LEVEL_${j}_SECTION`],
          [`NONHIER_${i}_VAL_${j}_IMAGENUMBER_X`, 1],
          [`NONHIER_${i}_VAL_${j}_IMAGENUMBER_Y`, 1],
        ],
      ),
    ],
  ),
]

const zoomLevel = (facts: MiraxFacts, k: number): Lines => {
  const scale = 2 ** k
  return [
    ['IMAGE_FILL_COLOR_BGR', 16_777_215],
    ['MICROMETER_PER_PIXEL_X', Number((facts.mpp * scale).toPrecision(6))],
    ['MICROMETER_PER_PIXEL_Y', Number((facts.mpp * scale).toPrecision(6))],
    ['DIGITIZER_WIDTH', facts.tileSize],
    ['DIGITIZER_HEIGHT', facts.tileSize],
    ['OVERLAP_X', facts.overlap / scale],
    ['OVERLAP_Y', facts.overlap / scale],
    ['IMAGE_CONCAT_FACTOR', k > 0 ? 1 : 0],
    ['IMAGE_FORMAT', 'JPEG'],
    ['IMAGE_COMPRESSION_FACTOR', facts.quality],
  ]
}

function side({ picture }: SideEntry, patient: Patient): Lines {
  if (!picture) return []
  const { kind, width, height } = picture
  const lines: Lines = [
    [`${kind}_IMAGE_TYPE`, 'JPEG'],
    [`${kind}_IMAGE_WIDTH`, width],
    [`${kind}_IMAGE_HEIGHT`, height],
  ]
  const code: Lines = [
    ['BARCODE_VALUE', patient.barcode],
    ['BARCODE_TYPE', 'CODE39'],
  ]
  return kind === 'BARCODE' ? [...lines, ...code] : lines
}

/** Slidedat.ini, with a byte order mark and CRLF as the scanner writes it. */
export function slidedat(facts: MiraxFacts, patient: Patient): Buffer {
  const sections: [string, Lines][] = [
    ['GENERAL', general(facts, patient)],
    ['HIERARCHICAL', hierarchical(facts)],
    [
      'DATAFILE',
      [['FILE_COUNT', facts.dataFiles.length], ...facts.dataFiles.map((name, i): Lines[0] => [`FILE_${i}`, name])],
    ],
    ...Array.from({ length: facts.levels }, (_, k): [string, Lines] => [
      `LAYER_0_LEVEL_${k}_SECTION`,
      zoomLevel(facts, k),
    ]),
    [
      'LAYER_1_LEVEL_0_SECTION',
      [
        ['FILTER_NAME', 'Default'],
        ['COLOR_R', 255],
        ['COLOR_G', 255],
        ['COLOR_B', 255],
      ],
    ],
    [
      'NONHIERLAYER_0_SECTION',
      [
        ['SCANNER_HARDWARE_VERSION', 'v0.5'],
        ['SCANNER_HARDWARE_ID', patient.scanner],
        ['SCANNER_SOFTWARE_VERSION', '1,12,65,0'],
        ['SCANNED_FOV_COUNT', facts.photographs],
      ],
    ],
    ...facts.layers.flatMap(({ entries }, i) =>
      entries.flatMap((entry, j): [string, Lines][] => {
        const lines = side(entry, patient)
        return lines.length ? [[`NONHIERLAYER_${i}_LEVEL_${j}_SECTION`, lines]] : []
      }),
    ),
    ...facts.layers.flatMap(({ name }, i): [string, Lines][] =>
      name === 'VIMSLIDE_POSITION_BUFFER'
        ? [[`NONHIERLAYER_${i}_SECTION`, [['VIMSLIDE_POSITION_DATA_FORMAT_VERSION', 257]]]]
        : [],
    ),
  ]
  const text = sections.map(([name, lines]) => [`[${name}]`, ...lines.map(([key, value]) => `${key} = ${value}`)])
  return Buffer.from(`\uFEFF${text.flat().join('\r\n')}\r\n`)
}
