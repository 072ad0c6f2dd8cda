import type { SlideDescription } from '../slide.ts'
import { ascii, type Field, long, longs, opaque, positions, rational, short, stored } from '../tiff/fields.ts'
import { Compression, Photometric, Tag } from '../tiff/tags.ts'
import type { Page } from '../tiff/writer.ts'
import { type Plan, tileGrid } from './plan.ts'
import type { PyramidPlan } from './pyramid-plan.ts'
import { sharedTables } from './shared-tables.ts'

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

/**
 * The pages of a pyramid: level 0, then the others as reduced versions of it (NewSubfileType 1).
 * @param profileAt where the ICC profile lies in the file, if the plan has one
 */
export function pyramidPages(plan: PyramidPlan, places: TilePlaces[], profileAt: number): Page[] {
  const jpegTables = sharedTables(plan.coding)
  const chroma = plan.coding.subsampling === '4:2:0' ? 2 : 1
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
        [Tag.JPEGTables]: opaque(jpegTables),
        [Tag.YCbCrSubSampling]: short(chroma, chroma),
        [ReferenceBlackWhite]: rational(0, 255, 128, 255, 128, 255),
        ...resolution(plan.mpp),
        ...(i === 0 ? firstPage(plan, profileAt) : {}),
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

function firstPage({ objectivePower, profile }: PyramidPlan, profileAt: number): Record<number, Field> {
  const power = objectivePower === null ? '' : `|objective-power=${objectivePower}`
  const fields: Record<number, Field> = {
    // Read back by formats/generic.ts; no reader takes it for a vendor's.
    [Tag.ImageDescription]: ascii(`Coverslip pyramid${power}`),
  }
  if (profile) fields[Tag.IccProfile] = stored(profileAt, profile.bytes)
  return fields
}
