/** DICOM JSON (PS3.18, annex F): attributes by tag, and the names under which queries may ask for them. */

export type Value = string | number | Attributes
export interface Attribute {
  vr: string
  Value?: Value[]
  InlineBinary?: string
}
/** By tag, eight hexadecimal digits. */
export type Attributes = Record<string, Attribute>

/** Tags with their value representations and keywords (PS3.6, table 6-1). */
const TAGS = {
  SpecificCharacterSet: ['00080005', 'CS'],
  ImageType: ['00080008', 'CS'],
  SOPClassUID: ['00080016', 'UI'],
  SOPInstanceUID: ['00080018', 'UI'],
  StudyDate: ['00080020', 'DA'],
  StudyTime: ['00080030', 'TM'],
  AccessionNumber: ['00080050', 'SH'],
  Modality: ['00080060', 'CS'],
  ModalitiesInStudy: ['00080061', 'CS'],
  Manufacturer: ['00080070', 'LO'],
  CodeValue: ['00080100', 'SH'],
  CodingSchemeDesignator: ['00080102', 'SH'],
  CodeMeaning: ['00080104', 'LO'],
  ManufacturerModelName: ['00081090', 'LO'],
  RetrieveURL: ['00081190', 'UR'],
  AvailableTransferSyntaxUID: ['00083002', 'UI'],
  FrameType: ['00089007', 'CS'],
  PatientName: ['00100010', 'PN'],
  PatientID: ['00100020', 'LO'],
  PatientBirthDate: ['00100030', 'DA'],
  PatientSex: ['00100040', 'CS'],
  PatientIdentityRemoved: ['00120062', 'CS'],
  DeidentificationMethod: ['00120063', 'LO'],
  SliceThickness: ['00180050', 'DS'],
  StudyInstanceUID: ['0020000D', 'UI'],
  SeriesInstanceUID: ['0020000E', 'UI'],
  StudyID: ['00200010', 'SH'],
  SeriesNumber: ['00200011', 'IS'],
  InstanceNumber: ['00200013', 'IS'],
  FrameOfReferenceUID: ['00200052', 'UI'],
  NumberOfStudyRelatedSeries: ['00201206', 'IS'],
  NumberOfStudyRelatedInstances: ['00201208', 'IS'],
  NumberOfSeriesRelatedInstances: ['00201209', 'IS'],
  DimensionOrganizationUID: ['00209164', 'UI'],
  DimensionOrganizationSequence: ['00209221', 'SQ'],
  DimensionOrganizationType: ['00209311', 'CS'],
  IlluminationTypeCodeSequence: ['00220016', 'SQ'],
  SamplesPerPixel: ['00280002', 'US'],
  PhotometricInterpretation: ['00280004', 'CS'],
  PlanarConfiguration: ['00280006', 'US'],
  NumberOfFrames: ['00280008', 'IS'],
  Rows: ['00280010', 'US'],
  Columns: ['00280011', 'US'],
  PixelSpacing: ['00280030', 'DS'],
  BitsAllocated: ['00280100', 'US'],
  BitsStored: ['00280101', 'US'],
  HighBit: ['00280102', 'US'],
  PixelRepresentation: ['00280103', 'US'],
  BurnedInAnnotation: ['00280301', 'CS'],
  ICCProfile: ['00282000', 'OB'],
  LossyImageCompression: ['00282110', 'CS'],
  LossyImageCompressionRatio: ['00282112', 'DS'],
  LossyImageCompressionMethod: ['00282114', 'CS'],
  PixelMeasuresSequence: ['00289110', 'SQ'],
  ContainerIdentifier: ['00400512', 'LO'],
  IssuerOfTheContainerIdentifierSequence: ['00400513', 'SQ'],
  ContainerTypeCodeSequence: ['00400518', 'SQ'],
  SpecimenIdentifier: ['00400551', 'LO'],
  SpecimenUID: ['00400554', 'UI'],
  AcquisitionContextSequence: ['00400555', 'SQ'],
  SpecimenDescriptionSequence: ['00400560', 'SQ'],
  IssuerOfTheSpecimenIdentifierSequence: ['00400562', 'SQ'],
  SpecimenPreparationSequence: ['00400610', 'SQ'],
  WholeSlideMicroscopyImageFrameTypeSequence: ['00400710', 'SQ'],
  XOffsetInSlideCoordinateSystem: ['0040072A', 'DS'],
  YOffsetInSlideCoordinateSystem: ['0040073A', 'DS'],
  ImagedVolumeWidth: ['00480001', 'FL'],
  ImagedVolumeHeight: ['00480002', 'FL'],
  ImagedVolumeDepth: ['00480003', 'FL'],
  TotalPixelMatrixColumns: ['00480006', 'UL'],
  TotalPixelMatrixRows: ['00480007', 'UL'],
  TotalPixelMatrixOriginSequence: ['00480008', 'SQ'],
  SpecimenLabelInImage: ['00480010', 'CS'],
  FocusMethod: ['00480011', 'CS'],
  ExtendedDepthOfField: ['00480012', 'CS'],
  ImageOrientationSlide: ['00480102', 'DS'],
  OpticalPathSequence: ['00480105', 'SQ'],
  OpticalPathIdentifier: ['00480106', 'SH'],
  IlluminationColorCodeSequence: ['00480108', 'SQ'],
  ObjectiveLensPower: ['00480112', 'DS'],
  OpticalPathIdentificationSequence: ['00480207', 'SQ'],
  NumberOfOpticalPaths: ['00480302', 'UL'],
  TotalPixelMatrixFocalPlanes: ['00480303', 'UL'],
  SharedFunctionalGroupsSequence: ['52009229', 'SQ'],
} as const
export type Keyword = keyof typeof TAGS

/** A tag by its keyword or as eight digits; undefined for one that is not used here. */
export function tagOf(name: string): string | undefined {
  if (Object.hasOwn(TAGS, name)) return TAGS[name as Keyword][0]
  const tag = name.toUpperCase()
  return Object.values(TAGS).some(([known]) => known === tag) ? tag : undefined
}

/** Attributes by keyword; an empty list is an attribute that is present without a value (PS3.5, type 2). */
export function attributes(values: Partial<Record<Keyword, Value | Value[] | Buffer>>): Attributes {
  const entries = Object.entries(values).map(([keyword, given]): [string, Attribute] => {
    const [tag, vr] = TAGS[keyword as Keyword]
    if (Buffer.isBuffer(given)) return [tag, { vr, InlineBinary: given.toString('base64') }]
    const value = Array.isArray(given) ? given : [given]
    return [tag, value.length === 0 ? { vr } : { vr, Value: value }]
  })
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** A coded concept (PS3.3, 8.8). */
export const code = (value: string, scheme: 'DCM' | 'SCT', meaning: string): Attributes =>
  attributes({ CodeValue: value, CodingSchemeDesignator: scheme, CodeMeaning: meaning })
