/**
 * Invented patient data, planted in every place of a slide file where scanners are known to leave the real thing. A
 * test of de-identification looks for each of these strings; none of them may be left.
 */
export const FAKE_PATIENT = {
  lastName: 'Quillfeather',
  firstName: 'Ottoline',
  birthDate: '11071953',
  birthDatePrinted: '07 NOV 1953',
  patientId: 'MRN-7730418',
  accession: 'S24-90817',
  barcode: 'S24-90817-A1-3',
  surgicalNumber: 'SP-24-0090817',
  hospital: 'Ferncliff General Hospital',
  fileName: 'QUILLFEATHER_OTTOLINE_S24-90817',
  title: 'Quillfeather left breast core',
  folder: '\\\\PATHSRV04\\scans\\2024\\QUILLFEATHER_OTTOLINE_S24-90817.svs',
  user: 'b.marchbanks',
  userId: '5c1d1f0e-93a7-4a55-b0de-6f6f0b6f9c21',
  artist: 'Bertram Marchbanks',
  host: 'FERNCLIFF-SCAN-02',
  scanner: 'SS7714FERN',
  imageId: '3390127',
  dsrId: 'dsr-ferncliff-07',
  rack: 'RACK-FERN-11',
  scanDate: '05/23/24',
  scanTime: '14:37:52',
  timeZone: 'GMT-05:00',
  tiffDateTime: '2024:05:23 14:37:52',
} as const

export type Patient = Readonly<Record<keyof typeof FAKE_PATIENT, string>>

/** One image of the slide, as its ImageDescription names it. */
export interface DescribedImage {
  width: number
  height: number
}

export interface AperioFacts extends DescribedImage {
  mpp: number
  objectivePower: number
  tileSize: number
  coding: 'ycbcr' | 'rgb'
  quality: number
}

const LIBRARY = 'Aperio Image Library v12.0.15 '

function entries(facts: AperioFacts, patient: Patient): [string, string | number][] {
  return [
    ['AppMag', facts.objectivePower],
    ['StripeWidth', 2040],
    ['ScanScope ID', patient.scanner],
    ['Filename', patient.fileName],
    ['Title', patient.title],
    ['Date', patient.scanDate],
    ['Time', patient.scanTime],
    ['Time Zone', patient.timeZone],
    ['User', patient.userId],
    ['Operator', patient.user],
    ['Parmset', 'USM Filter'],
    ['MPP', facts.mpp.toFixed(4)],
    ['Left', '25.691574'],
    ['Top', '23.449873'],
    ['LineCameraSkew', '-0.000424'],
    ['LineAreaXOffset', '0.019265'],
    ['LineAreaYOffset', '-0.000313'],
    ['Focus Offset', '0.000000'],
    ['ImageID', patient.imageId],
    ['DSR ID', patient.dsrId],
    ['Barcode', patient.barcode],
    ['Rack', patient.rack],
    ['Accession', patient.accession],
    ['Patient', `${patient.lastName}^${patient.firstName}`],
    ['CustomField.First_Name', patient.firstName],
    ['CustomField.Last_Name', patient.lastName],
    ['CustomField.Date_of_Birth_mmddyyyy', patient.birthDate],
    ['CustomField.PatientID', patient.patientId],
    ['CustomField.SurgPathNum', patient.surgicalNumber],
    ['CustomField.LabelText', `${patient.hospital} = ${patient.accession}`],
    ['OriginalWidth', facts.width],
    ['OriginalHeight', facts.height],
    ['Filtered', 5],
    ['ICC Profile', 'ScanScope v1'],
  ]
}

const keyValues = (facts: AperioFacts, patient: Patient) =>
  entries(facts, patient)
    .map(([key, value]) => `${key} = ${value}`)
    .join('|')

/** ImageDescription of level 0 and, with `reduced`, of a reduced level or the thumbnail; Aperio repeats all keys. */
export function aperioDescription(facts: AperioFacts, patient: Patient, reduced?: DescribedImage): string {
  const { width, height, tileSize } = facts
  const shape = reduced
    ? `${width}x${height} [0,0 ${width}x${height}] (${tileSize}x${tileSize}) -> ${reduced.width}x${reduced.height}`
    : `${width}x${height} [0,0 ${width}x${height}] (${tileSize}x${tileSize})`
  const codec = `JPEG/${facts.coding === 'rgb' ? 'RGB' : 'YCC'} Q=${facts.quality}`
  return `${LIBRARY}\r\n${shape} ${codec}|${keyValues(facts, patient)}`
}

/**
 * ImageDescription of label and macro. OpenSlide 3.4.1 takes the kind from the second line and finds it only when the
 * lines are parted by a bare line feed.
 */
export function associatedDescription(kind: 'label' | 'macro', image: DescribedImage): string {
  return `${LIBRARY}\n${kind} ${image.width}x${image.height}`
}
