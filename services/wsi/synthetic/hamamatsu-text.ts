import { ascii, short } from '../tiff/fields.ts'
import { Tag } from '../tiff/tags.ts'
import type { Fields } from './pages.ts'
import type { Patient } from './patient.ts'

/** Hamamatsu's private fields by number; names as in OpenSlide, tifffile and Bio-Formats. */
export const NDPI = {
  xOffset: 65422,
  yOffset: 65423,
  focalPlane: 65424,
  runStarts: 65426,
  reference: 65427,
  runStartsHigh: 65432,
  captureMode: 65441,
  scanner: 65442,
  quality: 65444,
  properties: 65449,
  labelObscured: 65450,
  barcode: 65468,
  scanProfile: 65477,
  barcodeType: 65480,
} as const

/** The property map (65449): lines of `key=value`. */
const properties = (patient: Patient): string =>
  [
    'Created=2024/05/23',
    'Updated=2024/05/23',
    'Product=C9600-12',
    'system.version=1.0',
    `NDP.S/N=${patient.scanner}`,
    'Macro.S/N=950410',
    `Operator=${patient.user}`,
    `Patient=${patient.lastName}^${patient.firstName} ${patient.patientId} ${patient.birthDate}`,
    `SourceFile=${patient.folder}`,
    'roi.slide.macro=68,279,1256,685',
    'slide.tickness=0',
    'Objective.Lens.Magnificant=20',
    'ccd.width=9346',
    'stage.center=177617,585288',
    '',
  ].join('\r\n')

const profile = (patient: Patient): string =>
  `<?xml version="1.0"?><ScanProfile><Name>${patient.title}</Name><Hospital>${patient.hospital}</Hospital>` +
  `<Station>${patient.host}</Station><Case>${patient.surgicalNumber}</Case></ScanProfile>`

/** What every page of an NDPI repeats: device, time, the label's text and bar code, the property map, the profile. */
export const hamamatsuText = (patient: Patient): Fields => ({
  [Tag.Make]: ascii('Hamamatsu'),
  [Tag.Model]: ascii('C9600-12'),
  [Tag.Software]: ascii(`NDP.scan 2.5.89 ${patient.dsrId}`),
  [Tag.DateTime]: ascii(patient.tiffDateTime),
  [Tag.NdpiFormat]: short(1),
  [NDPI.reference]: ascii(patient.accession),
  [NDPI.scanner]: ascii(patient.scanner),
  [NDPI.properties]: ascii(properties(patient)),
  [NDPI.barcode]: ascii(patient.barcode),
  [NDPI.scanProfile]: ascii(profile(patient)),
  [NDPI.barcodeType]: ascii('CODE39'),
})
