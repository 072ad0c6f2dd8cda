import type { SlideDescription } from '../slide.ts'
import { ascii, type Field, long, longs, opaque, positions, rational, short, stored } from '../tiff/fields.ts'
import { Compression, Photometric, Tag } from '../tiff/tags.ts'
import type { Page } from '../tiff/writer.ts'
import { type Plan, tileGrid } from './plan.ts'

/** Tag 532 (TIFF 6.0, section 20): without it some readers take the whole YCbCr range for a video one. */
export const ReferenceBlackWhite = 532

export const SOFTWARE = 'Coverslip'

/** File positions and lengths of one level's tiles, in rows. */
export interface TilePlaces {
  offsets: Float64Array
  counts: Float64Array
}

export function tilePlaces({ levels, tileSize }: Plan): TilePlaces[] {
  return levels.map(level => {
    const { across, down } = tileGrid(level, tileSize)
    return { offsets: new Float64Array(across * down), counts: new Float64Array(across * down) }
  })
}

type Calibration = Pick<SlideDescription, 'mpp' | 'objectivePower'>

/** What the pages need besides their tiles. `icc`: where the profile lies in the file. */
export interface PageSettings extends Calibration {
  jpegTables: Buffer
  icc: { offset: number; length: number } | null
}

/** The pages of a pyramid: level 0, then the others as reduced versions of it (NewSubfileType 1). */
export function pyramidPages(plan: Plan, places: TilePlaces[], settings: PageSettings): Page[] {
  return plan.levels.map((level, i) => {
    const { offsets, counts } = places[i] as TilePlaces
    return {
      tags: {
        [Tag.NewSubfileType]: long(i === 0 ? 0 : 1),
        [Tag.ImageWidth]: long(level.width),
        [Tag.ImageLength]: long(level.height),
        [Tag.BitsPerSample]: short(8, 8, 8),
        [Tag.Compression]: short(Compression.Jpeg),
        [Tag.PhotometricInterpretation]: short(Photometric.YCbCr),
        [Tag.Orientation]: short(1),
        [Tag.SamplesPerPixel]: short(3),
        [Tag.PlanarConfiguration]: short(1),
        [Tag.Software]: ascii(SOFTWARE),
        [Tag.TileWidth]: long(plan.tileSize),
        [Tag.TileLength]: long(plan.tileSize),
        [Tag.TileOffsets]: positions(offsets),
        [Tag.TileByteCounts]: longs(counts),
        [Tag.JPEGTables]: opaque(settings.jpegTables),
        [Tag.YCbCrSubSampling]: short(2, 2),
        [ReferenceBlackWhite]: rational(0, 255, 128, 255, 128, 255),
        ...resolution(settings.mpp),
        ...(i === 0 ? firstPage(settings) : {}),
      },
    }
  })
}

/**
 * Level 0's pixels per centimetre, on every page as libvips does: readers take them from the first. Without mpp: 1 pixel
 * per no unit, since a missing resolution counts as inches.
 */
function resolution(mpp: SlideDescription['mpp']): Record<number, Field> {
  return {
    [Tag.XResolution]: rational(mpp ? 10_000 / mpp.x : 1),
    [Tag.YResolution]: rational(mpp ? 10_000 / mpp.y : 1),
    [Tag.ResolutionUnit]: short(mpp ? 3 : 1),
  }
}

function firstPage({ objectivePower, icc }: PageSettings): Record<number, Field> {
  const power = objectivePower === null ? '' : `|objective-power=${objectivePower}`
  const fields: Record<number, Field> = {
    // Read back by formats/generic.ts; no reader takes it for a vendor's.
    [Tag.ImageDescription]: ascii(`Coverslip pyramid${power}`),
  }
  if (icc) fields[Tag.IccProfile] = stored(icc.offset, icc.length)
  return fields
}
