import { MIRAX_DATE, miraxSlideId } from './mirax-text.ts'
import type { SyntheticOptions } from './options.ts'
import { FAKE_PATIENT, type Patient } from './patient.ts'

/** One hiding place of a synthetic slide with hidingPlaces `all`. */
export interface Planted {
  /** Where, in the words of the format. */
  place: string
  /** What stands there; a picture shows it. */
  text: string
  /** `file-name` is the name of a file that belongs to the slide. */
  as: 'ascii' | 'utf-16le' | 'picture' | 'file-name'
}

type Place = (patient: Patient) => readonly [place: string, text: string, as?: Planted['as']]

/** Drawn on label and macro. */
const picture =
  (place: string): Place =>
  patient => [place, patient.accession, 'picture']

/** Keys of Aperio's ImageDescription, repeated on each page. */
const APERIO_KEYS: Place[] = [
  p => ['key ScanScope ID', `ScanScope ID = ${p.scanner}`],
  p => ['key Filename', `Filename = ${p.fileName}`],
  p => ['key Title', `Title = ${p.title}`],
  p => ['key Date', `Date = ${p.scanDate}`],
  p => ['key Time', `Time = ${p.scanTime}`],
  p => ['key Time Zone', `Time Zone = ${p.timeZone}`],
  p => ['key User', `User = ${p.userId}`],
  p => ['key Operator', `Operator = ${p.user}`],
  p => ['key ImageID', `ImageID = ${p.imageId}`],
  p => ['key DSR ID', `DSR ID = ${p.dsrId}`],
  p => ['key Barcode', `Barcode = ${p.barcode}`],
  p => ['key Rack', `Rack = ${p.rack}`],
  p => ['key Accession', `Accession = ${p.accession}`],
  p => ['key Patient', `${p.lastName}^${p.firstName}`],
  p => ['key CustomField.First_Name', `First_Name = ${p.firstName}`],
  p => ['key CustomField.Last_Name', `Last_Name = ${p.lastName}`],
  p => ['key CustomField.Date_of_Birth_mmddyyyy', p.birthDate],
  p => ['key CustomField.PatientID', `PatientID = ${p.patientId}`],
  p => ['key CustomField.SurgPathNum', `SurgPathNum = ${p.surgicalNumber}`],
  p => ['key CustomField.LabelText', `${p.hospital} = ${p.accession}`],
]

/** TIFF's own fields, on each page, and the rare places. */
const TIFF: Place[] = [
  p => ['306 DateTime', p.tiffDateTime],
  p => ['315 Artist', p.artist],
  p => ['316 HostComputer', p.host],
  p => ['269 DocumentName', p.folder],
  p => ['700 XMP', `<dc:identifier>${p.patientId}`],
  p => ['330 SubIFD with a label, PageName', `label ${p.barcode}`],
  picture('330 SubIFD with a label, pixels'),
  p => ['34665 EXIF, UserComment', p.patientId, 'utf-16le'],
  () => ['34675 ICC profile, date', '\x07\xe8\0\x05\0\x17\0\x0e\0\x25\0\x34'],
  p => ['JPEG comments of tiles', `scanned by ${p.userId}`],
  p => ['unused bytes', `${p.surgicalNumber} left behind`],
  p => ['behind the end', `${p.imageId}-${p.rack}`],
  p => ['behind the end, UTF-16', `${p.hospital} behind the end`, 'utf-16le'],
]

const PLACES: Record<NonNullable<SyntheticOptions['format']>, Place[]> = {
  aperio: [...APERIO_KEYS, ...TIFF, picture('label'), picture('macro'), picture('thumbnail')],
  'generic-tiff': [
    p => ['270 ImageDescription', `${p.title}; ${p.lastName}, ${p.firstName}; ${p.accession}`],
    p => ['285 PageName of label', `label ${p.accession}`],
    p => ['285 PageName of macro', `macro ${p.accession}`],
    ...TIFF,
    picture('label page'),
    picture('macro page'),
  ],
  hamamatsu: [
    p => ['305 Software', p.dsrId],
    p => ['306 DateTime', p.tiffDateTime],
    p => ['65427 Reference', p.accession],
    p => ['65442 scanner', p.scanner],
    () => ['65449 properties, Created', '2024/05/23'],
    p => ['65449 properties, NDP.S/N', `NDP.S/N=${p.scanner}`],
    p => ['65449 properties, Operator', `Operator=${p.user}`],
    p => ['65449 properties, Patient', `${p.lastName}^${p.firstName} ${p.patientId}`],
    p => ['65449 properties, SourceFile', `SourceFile=${p.folder}`],
    p => ['65468 Barcode', p.barcode],
    p => ['65477 ScanProfile, name', p.title],
    p => ['65477 ScanProfile, hospital', p.hospital],
    p => ['65477 ScanProfile, station', p.host],
    p => ['65477 ScanProfile, case', p.surgicalNumber],
    () => ['65480 BarcodeType', 'CODE39'],
    p => ['JPEG comments of levels', `NDP.scan ${p.folder}`],
    p => ['unused bytes', `${p.fileName} between pages`],
    p => ['behind the end', `${p.fileName} behind the end`],
    picture('macro, which shows the label'),
    picture('map of the tissue'),
  ],
  mirax: [
    p => ['GENERAL SLIDE_NAME', `SLIDE_NAME = ${p.fileName}`],
    p => ['GENERAL PROJECT_NAME', p.hospital],
    p => ['SLIDE_ID in Slidedat.ini, Index.dat and data files', miraxSlideId(p)],
    () => ['GENERAL SLIDE_CREATIONDATETIME', MIRAX_DATE],
    p => ['GENERAL OPERATOR', `OPERATOR = ${p.user}`],
    p => ['GENERAL SOURCE_PATH', `SOURCE_PATH = ${p.folder}`],
    p => ['SCANNER_HARDWARE_ID', p.scanner],
    p => ['BARCODE_VALUE', `BARCODE_VALUE = ${p.barcode}`],
    p => ['XMLInfoHeader, operator', `<Operator>${p.user}`],
    p => ['XMLInfoHeader, computer', p.host],
    p => ['ProfileXML, name', `${p.accession} ${p.title}`],
    p => ['ProfileXML, patient', `${p.lastName}^${p.firstName}`],
    p => ['ProfileXML, number', p.patientId],
    p => ['ProfileXML, birth', p.birthDate],
    () => ['ProfileXML, date', `<Scanned>${MIRAX_DATE}`],
    p => ['unused bytes', `${p.surgicalNumber} left behind`],
    p => ['unused bytes, UTF-16', `${p.firstName} left behind`, 'utf-16le'],
    p => ['copy of Slidedat.ini', `SLIDE_NAME = ${p.fileName}`],
    () => ['copy of Slidedat.ini, name', 'Slidedat.ini~', 'file-name'],
    p => ['log of the scanner', `${p.scanDate} ${p.artist}`],
    () => ['log of the scanner, name', 'scan.log', 'file-name'],
    picture('ScanDataLayer_SlideBarcode'),
    picture('ScanDataLayer_SlideThumbnail'),
    picture('ScanDataLayer_WholeSlide'),
    picture('ScanDataLayer_SlidePreview'),
    picture('the .mrxs file itself'),
  ],
}

/** The generator's own list of what it hides in a slide of a format, with label, macro and hidingPlaces `all`. */
export const plantedIn = (
  format: NonNullable<SyntheticOptions['format']>,
  patient: Patient = FAKE_PATIENT,
): Planted[] =>
  PLACES[format].map(place => {
    const [where, text, as = 'ascii'] = place(patient)
    return { place: where, text, as }
  })
