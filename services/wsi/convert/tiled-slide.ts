import { ascii, type Field, long, longs, opaque, positions, short } from '../tiff/fields.ts'
import { Compression, Photometric, Tag } from '../tiff/tags.ts'
import { createTiffWriter } from '../tiff/writer.ts'
import { encodeRgb, type Subsampling } from '../turbojpeg.ts'
import type { Picture } from './measure.ts'

/** A small slide for tests: one tiled page of JPEG tiles. */
export interface TiledSlide {
  picture: Picture
  tileSize?: number
  subsampling?: Subsampling
  /** One channel; the picture's red one is taken. */
  grey?: boolean
  /** ImageDescription; beginning with "Aperio" it makes an SVS. */
  description?: string
  icc?: Buffer
  /** Bytes for a tile instead of its JPEG; an empty buffer is a missing tile. */
  replace?(column: number, row: number): Buffer | undefined
}

export async function writeTiledSlide(path: string, slide: TiledSlide): Promise<void> {
  const { picture, tileSize = 64, subsampling = '4:2:0', grey = false, replace } = slide
  const writer = await createTiffWriter(path)
  const offsets: number[] = []
  const counts: number[] = []
  for (let row = 0; row * tileSize < picture.height; row++) {
    for (let column = 0; column * tileSize < picture.width; column++) {
      const jpeg = () => {
        const coding = { quality: 95, subsampling: grey ? ('grey' as const) : subsampling }
        return encodeRgb(tileOf(picture, column, row, tileSize), tileSize, tileSize, coding)
      }
      const bytes = replace?.(column, row) ?? jpeg()
      offsets.push(bytes.length === 0 ? 0 : await writer.appendBytes(bytes))
      counts.push(bytes.length)
    }
  }
  const chroma = { '4:4:4': [1, 1], '4:2:2': [2, 1], '4:2:0': [2, 2] }[subsampling]
  const tags: Record<number, Field> = {
    [Tag.ImageWidth]: long(picture.width),
    [Tag.ImageLength]: long(picture.height),
    [Tag.BitsPerSample]: grey ? short(8) : short(8, 8, 8),
    [Tag.Compression]: short(Compression.Jpeg),
    [Tag.PhotometricInterpretation]: short(grey ? Photometric.BlackIsZero : Photometric.YCbCr),
    [Tag.SamplesPerPixel]: short(grey ? 1 : 3),
    [Tag.TileWidth]: long(tileSize),
    [Tag.TileLength]: long(tileSize),
    [Tag.TileOffsets]: positions(offsets),
    [Tag.TileByteCounts]: longs(counts),
  }
  if (!grey) tags[Tag.YCbCrSubSampling] = short(...chroma)
  if (slide.description) tags[Tag.ImageDescription] = ascii(slide.description)
  if (slide.icc) tags[Tag.IccProfile] = opaque(slide.icc)
  writer.addIfd({ tags })
  await writer.finish()
}

function tileOf({ width, height, data }: Picture, column: number, row: number, size: number): Uint8Array {
  const tile = new Uint8Array(size * size * 3)
  for (let y = 0; y < size; y++) {
    const from = Math.min(row * size + y, height - 1) * width
    for (let x = 0; x < size; x++) {
      const at = (from + Math.min(column * size + x, width - 1)) * 3
      tile.set(data.subarray(at, at + 3), (y * size + x) * 3)
    }
  }
  return tile
}

/** A picture with shapes at every scale: rings around an off-centre point, in slowly changing colours. */
export function rings(width: number, height: number): Picture {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const wave = Math.sin(Math.hypot(x - width / 3, y - height / 4) / 6)
      const light = 128 + 60 * wave
      data.set([light, light - 40 + (80 * x) / width, light + 40 - (80 * y) / height], (y * width + x) * 3)
    }
  }
  return { width, height, data }
}
