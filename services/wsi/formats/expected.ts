/**
 * What each format, content and library version is expected to do: the README's table, and what expected.test.ts goes
 * through with real and made files.
 */

/**
 * What gives the pixels of level 0: stored tiles or strips by the own TIFF index, restart segments (NDPI) or stored
 * images (MIRAX) without OpenSlide, OpenSlide, or nobody.
 */
export type Reader = 'tiles' | 'strips' | 'segments' | 'images' | 'openslide' | 'refused'

export interface Expectation {
  id: string
  format: string
  content: string
  /** With OpenSlide 3.4 (Debian 12) and with OpenSlide 4. */
  reader: Reader | { openslide3: Reader; openslide4: Reader }
  /** Words of the reason where it is refused. */
  reason?: string
  /** Whether a file of this kind is at hand for the test. */
  tried: 'real' | 'made' | 'no'
}

const SVS = 'Aperio SVS'
const TIFF = 'generic (Big)TIFF'
const NDPI = 'Hamamatsu NDPI'
const MRXS = '3DHISTECH MIRAX'
const dicom = { reader: { openslide3: 'refused', openslide4: 'openslide' }, reason: 'DICOM' } as const

export const EXPECTED: readonly Expectation[] = [
  { id: 'svs-420', format: SVS, content: 'JPEG tiles, YCbCr 4:2:0', reader: 'tiles', tried: 'made' },
  { id: 'svs-422', format: SVS, content: 'JPEG tiles, YCbCr 4:2:2', reader: 'tiles', tried: 'made' },
  { id: 'svs-444', format: SVS, content: 'JPEG tiles, YCbCr 4:4:4', reader: 'tiles', tried: 'made' },
  {
    id: 'svs-rgb',
    format: SVS,
    content: 'JPEG tiles, RGB without a marker that says so',
    reader: 'tiles',
    tried: 'real',
  },
  { id: 'svs-240', format: SVS, content: 'JPEG tiles of 240 px', reader: 'tiles', tried: 'made' },
  { id: 'svs-lzw', format: SVS, content: 'LZW, Deflate, PackBits or plain tiles', reader: 'tiles', tried: 'made' },
  { id: 'svs-33003', format: SVS, content: 'JPEG 2000, YCbCr (33003)', reader: 'openslide', tried: 'made' },
  { id: 'svs-33005', format: SVS, content: 'JPEG 2000, RGB (33005)', reader: 'openslide', tried: 'made' },
  {
    id: 'svs-channels',
    format: SVS,
    content: 'a page per channel or focal plane',
    reader: 'refused',
    reason: 'channels or focal planes',
    tried: 'made',
  },
  { id: 'tiff-jpeg', format: TIFF, content: 'JPEG tiles', reader: 'tiles', tried: 'real' },
  { id: 'tiff-plain', format: TIFF, content: 'LZW, Deflate, PackBits or plain tiles', reader: 'tiles', tried: 'made' },
  {
    id: 'tiff-big-endian',
    format: TIFF,
    content: 'either byte order, classic or BigTIFF',
    reader: 'tiles',
    tried: 'made',
  },
  {
    id: 'tiff-strips',
    format: TIFF,
    content: 'strips of any of these codings (one level)',
    reader: 'strips',
    tried: 'real',
  },
  { id: 'tiff-grey', format: TIFF, content: 'one 8-bit channel (fluorescence): grey', reader: 'tiles', tried: 'made' },
  { id: 'tiff-planar', format: TIFF, content: 'one plane per colour', reader: 'openslide', tried: 'made' },
  {
    id: 'tiff-16',
    format: TIFF,
    content: 'more than 8 bits, floats',
    reader: 'refused',
    reason: 'more than 8 bits per colour',
    tried: 'made',
  },
  {
    id: 'tiff-channels',
    format: TIFF,
    content: 'several channels in a pixel',
    reader: 'refused',
    reason: 'several channels',
    tried: 'made',
  },
  {
    id: 'tiff-stack',
    format: TIFF,
    content: 'pages of channels, focal planes or time points (OME-TIFF, ImageJ)',
    reader: 'refused',
    reason: 'stack of images',
    tried: 'real',
  },
  {
    id: 'tiff-coding',
    format: TIFF,
    content: 'a compression nobody knows',
    reader: 'refused',
    reason: 'compression',
    tried: 'real',
  },
  {
    id: 'ndpi-made',
    format: NDPI,
    content: 'restart markers, several levels, macro and map',
    reader: 'segments',
    tried: 'made',
  },
  { id: 'ndpi-4gb', format: NDPI, content: 'larger than 4 GiB', reader: 'segments', tried: 'made' },
  { id: 'ndpi-grey', format: NDPI, content: 'one channel of fluorescence', reader: 'segments', tried: 'real' },
  {
    id: 'ndpi-whole',
    format: NDPI,
    content: 'no restart markers or no list of them, up to 64 Mpx',
    reader: 'strips',
    tried: 'made',
  },
  {
    id: 'ndpi-whole-large',
    format: NDPI,
    content: 'the same above 64 Mpx, up to 4 GiB',
    reader: 'openslide',
    tried: 'no',
  },
  { id: 'ndpi-plane', format: NDPI, content: 'focal planes', reader: 'refused', reason: 'z-stack', tried: 'made' },
  {
    id: 'ndpi-channels',
    format: NDPI,
    content: 'several channels in one file',
    reader: 'refused',
    reason: 'several channels',
    tried: 'made',
  },
  {
    id: 'ndpi-16',
    format: NDPI,
    content: '16-bit capture modes',
    reader: 'refused',
    reason: 'more than 8 bits',
    tried: 'made',
  },
  { id: 'ndpi-xr', format: NDPI, content: 'JPEG XR', reader: 'refused', reason: 'JPEG XR', tried: 'made' },
  {
    id: 'mrxs-compressed',
    format: MRXS,
    content: 'overlapping photographs, compressed positions',
    reader: 'images',
    tried: 'made',
  },
  {
    id: 'mrxs-plain',
    format: MRXS,
    content: 'overlapping photographs, plain positions',
    reader: 'images',
    tried: 'made',
  },
  {
    id: 'mrxs-nominal',
    format: MRXS,
    content: 'no list of positions; left-out photographs',
    reader: 'images',
    tried: 'made',
  },
  { id: 'mrxs-files', format: MRXS, content: 'several data files', reader: 'images', tried: 'made' },
  {
    id: 'mrxs-png',
    format: MRXS,
    content: 'PNG or BMP images; images at fractions of a pixel',
    reader: 'openslide',
    tried: 'made',
  },
  {
    id: 'mrxs-channels',
    format: MRXS,
    content: 'several channels of fluorescence',
    reader: 'refused',
    reason: 'fluorescence channels',
    tried: 'real',
  },
  { id: 'mrxs-planes', format: MRXS, content: 'focal planes', reader: 'refused', reason: 'z-stack', tried: 'made' },
  { id: 'dicom-jpeg', format: 'DICOM WSI', content: 'JPEG, JPEG 2000 or plain frames', ...dicom, tried: 'real' },
  { id: 'leica', format: 'Leica SCN', content: 'brightfield', reader: 'openslide', tried: 'no' },
  { id: 'philips', format: 'Philips TIFF', content: 'JPEG tiles', reader: 'openslide', tried: 'no' },
  { id: 'ventana', format: 'Ventana BIF and TIFF', content: 'JPEG tiles', reader: 'openslide', tried: 'no' },
  {
    id: 'trestle',
    format: 'Trestle TIFF, Sakura SVSLIDE',
    content: 'as OpenSlide reads them',
    reader: 'openslide',
    tried: 'no',
  },
  {
    id: 'zeiss',
    format: 'Zeiss CZI',
    content: 'as OpenSlide 4 reads it',
    reader: { openslide3: 'refused', openslide4: 'openslide' },
    reason: 'not a slide',
    tried: 'no',
  },
  {
    id: 'vms',
    format: 'Hamamatsu VMS, VMU',
    content: 'lists of files',
    reader: 'refused',
    reason: 'several files',
    tried: 'made',
  },
]

/** What is expected with an OpenSlide of this major version. */
export const readerWith = ({ reader }: Expectation, openslide: 3 | 4): Reader =>
  typeof reader === 'string' ? reader : reader[`openslide${openslide}`]

const WORDS: Record<Reader, string> = {
  tiles: 'own index, tiles',
  strips: 'own index, strips',
  segments: 'own index, restart segments',
  images: 'own index, stored images',
  openslide: 'OpenSlide',
  refused: 'refused',
}

/** The expectations as a Markdown table. */
export function expectedTable(): string {
  const cell = (expectation: Expectation, version: 3 | 4) => {
    const reader = readerWith(expectation, version)
    return reader === 'refused' ? `refused: "${expectation.reason}"` : WORDS[reader]
  }
  const rows = EXPECTED.map(each => [each.format, each.content, cell(each, 3), cell(each, 4), `${each.tried} file`])
  const tried = (row: string[]) => row.map(text => (text === 'no file' ? 'none at hand' : text))
  const head = ['format', 'content', 'with OpenSlide 3.4', 'with OpenSlide 4', 'tried with']
  return [head, head.map(() => '---'), ...rows.map(tried)].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
