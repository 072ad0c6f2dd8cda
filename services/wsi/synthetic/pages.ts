import { ascii, type Field, long, opaque, positions, rational, short } from '../tiff/fields.ts'
import { Compression, Photometric, Tag } from '../tiff/tags.ts'
import type { Subsampling } from '../turbojpeg.ts'
import type { JpegCoder } from './coder.ts'
import { cut, type Picture, type TiledLevel } from './grid.ts'
import { encodeLzw, predict } from './lzw.ts'
import type { Patient } from './patient.ts'
import type { Placement } from './pyramid.ts'

export type Fields = Record<number, Field>

const rgbPixels = (width: number, height: number): Fields => ({
  [Tag.ImageWidth]: long(width),
  [Tag.ImageLength]: long(height),
  [Tag.BitsPerSample]: short(8, 8, 8),
  [Tag.SamplesPerPixel]: short(3),
  [Tag.PlanarConfiguration]: short(1),
})

const CHROMA = { '4:4:4': [1, 1], '4:2:2': [2, 1], '4:2:0': [2, 2] } as const

/** Says how chroma is sampled. */
export const sampled = (subsampling: Subsampling): Fields => ({
  [Tag.YCbCrSubSampling]: short(...CHROMA[subsampling]),
})

/** How JPEG tiles hold their colours. */
export interface Colours {
  coding: 'ycbcr' | 'rgb'
  subsampling: Subsampling
}

const jpeg = (tables: Buffer, { coding, subsampling }: Colours): Fields => ({
  [Tag.Compression]: short(Compression.Jpeg),
  [Tag.JPEGTables]: opaque(tables),
  [Tag.PhotometricInterpretation]: short(coding === 'rgb' ? Photometric.Rgb : Photometric.YCbCr),
  ...(coding === 'ycbcr' ? sampled(subsampling) : {}),
})

/** A tiled level of the slide. */
export function levelFields(
  level: TiledLevel,
  tileSize: number,
  placement: Placement,
  tables: Buffer,
  colours: Colours,
): Fields {
  return {
    ...rgbPixels(level.width, level.height),
    ...jpeg(tables, colours),
    [Tag.TileWidth]: long(tileSize),
    [Tag.TileLength]: long(tileSize),
    [Tag.TileOffsets]: positions(placement.offsets),
    [Tag.TileByteCounts]: positions(placement.counts),
  }
}

type Append = (bytes: Uint8Array) => Promise<number>

/** Writes a picture as strips of `rows` rows and returns where they are. */
async function strips(
  picture: Picture,
  rows: number,
  append: Append,
  encode: (rgb: Buffer, height: number) => Buffer,
): Promise<Fields> {
  const placement: Placement = { offsets: [], counts: [] }
  for (let y = 0; y < picture.height; y += rows) {
    const height = Math.min(rows, picture.height - y)
    const strip = encode(cut(picture.data, picture.width, 0, y, picture.width, height), height)
    placement.offsets.push(await append(strip))
    placement.counts.push(strip.length)
  }
  return {
    ...rgbPixels(picture.width, picture.height),
    [Tag.RowsPerStrip]: long(rows),
    [Tag.StripOffsets]: positions(placement.offsets),
    [Tag.StripByteCounts]: positions(placement.counts),
  }
}

/** Thumbnail and macro: JPEG in strips of 16 rows. `coder` codes YCbCr. */
export async function jpegStrips(picture: Picture, append: Append, coder: JpegCoder): Promise<Fields> {
  const fields = await strips(picture, 16, append, (rgb, height) => coder.encode(rgb, picture.width, height))
  return { ...fields, ...jpeg(coder.tables, { coding: 'ycbcr', subsampling: '4:2:0' }) }
}

/** Label: LZW with horizontal prediction in strips of 7 rows. */
export async function lzwStrips(picture: Picture, append: Append): Promise<Fields> {
  const fields = await strips(picture, 7, append, rgb => encodeLzw(predict(rgb, picture.width)))
  return {
    ...fields,
    [Tag.Compression]: short(Compression.Lzw),
    [Tag.PhotometricInterpretation]: short(Photometric.Rgb),
    [Tag.Predictor]: short(2),
  }
}

/** Micrometres per pixel as pixels per centimetre. */
export const resolution = (mpp: number): Fields => ({
  [Tag.XResolution]: rational(10_000 / mpp),
  [Tag.YResolution]: rational(10_000 / mpp),
  [Tag.ResolutionUnit]: short(3),
})

/** Who, when and on which machine: TIFF's own fields, which scanners fill on every page. */
export const provenance = (patient: Patient): Fields => ({
  [Tag.DateTime]: ascii(patient.tiffDateTime),
  [Tag.Artist]: ascii(patient.artist),
  [Tag.HostComputer]: ascii(patient.host),
  [Tag.DocumentName]: ascii(patient.folder),
})

/** An XMP packet that names the patient (700), as photo software and some scanners leave it. */
export function xmp(patient: Patient): Fields {
  const packet =
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
    `<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>${patient.title}</dc:title>` +
    `<dc:creator>${patient.user}</dc:creator><dc:identifier>${patient.patientId}</dc:identifier>` +
    '</rdf:Description></rdf:RDF></x:xmpmeta>'
  return { [Tag.Xmp]: opaque(Buffer.from(packet)) }
}
