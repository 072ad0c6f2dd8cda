/** Layers that say where the camera stood: without them the picture cannot be put together. */
export const POSITIONS: ReadonlyMap<string, { name: string; compressed: boolean }> = new Map([
  ['VIMSLIDE_POSITION_BUFFER', { name: 'default', compressed: false }],
  ['StitchingIntensityLayer', { name: 'StitchingIntensityLevel', compressed: true }],
])

/** Records that are removed and whose names say nothing of a patient; any other name is withheld from the report. */
export const KNOWN_RECORDS: ReadonlySet<string> = new Set([
  'ScanDataLayer_SlideBarcode',
  'ScanDataLayer_SlideThumbnail',
  'ScanDataLayer_SlidePreview',
  'ScanDataLayer_WholeSlide',
  'ScanDataLayer_XMLInfo',
  'ScanDataLayer_XMLInfoHeader',
  'ScanDataLayer_StageTiltParameters',
  'ScanDataLayer_ScannedFOVsMap',
  'ProfileXML',
  'ProfileXMLHeader',
  'VIMSLIDE_HISTOGRAM_DATA',
  'VIMSLIDE_POSITION_BUFFER',
  'StitchingIntensityLevel',
  'default',
])

/** Where the pictures of the whole glass are; the first of them is readers' macro. */
export const SCAN_DATA = 'Scan data layer'
export const MACRO = 'ScanDataLayer_SlideThumbnail'

/** Records that are pictures. */
export const PICTURES: ReadonlyMap<string, string> = new Map([
  ['ScanDataLayer_SlideBarcode', 'label'],
  ['ScanDataLayer_SlideThumbnail', 'macro'],
  ['ScanDataLayer_SlidePreview', 'thumbnail'],
  ['ScanDataLayer_WholeSlide', 'macro'],
])
