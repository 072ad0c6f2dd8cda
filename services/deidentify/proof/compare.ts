/** Whether the result shows the same slide: the same tables, and the same stored bytes for every tile. */
import type { Rectangle } from '../files.ts'
import { countOther, type Pair } from './blanked.ts'
import type { Layout, LevelLayout } from './layout.ts'
import { imagesUnder } from './marked-images.ts'
import { type HashedTiles, hashOfLevel } from './pixels.ts'
import { isBareProfile, isSameTransform } from './profile.ts'

/** What the report says of a level's pixels. */
export interface ProvenLevel {
  width: number
  height: number
  tiles: number
  /** Tiles of marked regions, which are other tiles now. */
  redacted: number
  /** Tiles in which a note beside the picture (a comment, EXIF) was blanked; their pictures are the same bytes. */
  blanked: number
  /** Over the SHA-256 of every other tile, as stored, in the order of the index. */
  sha256: string
}

/**
 * What no level can be shown rightly without. 256 to 284: sizes and coding; 317: predictor; 320: palette; 322, 323: tiles; 347:
 * JPEG tables. NDPI: mark, objective, place on the glass, where restart segments begin.
 */
const ESSENTIAL = new Set(
  [256, 257, 258, 259, 262, 277, 284, 317, 320, 322, 323, 347, 65_420, 65_421, 65_422, 65_423, 65_426, 65_432].map(
    tag => `tag ${tag}`,
  ),
)

/** The level of the source that a level of the result must equal. */
function counterpart(source: Layout, result: Layout, index: number): number {
  const { width, height } = result.levels[index]!
  if (result.kind === 'mirax') return index
  return source.levels.findIndex(level => level.width === width && level.height === height)
}

const isTag = (name: string): boolean => name.startsWith('tag ')

function sameTables(before: LevelLayout, after: LevelLayout): boolean {
  for (const [name, value] of after.same) if (before.same.get(name)?.equals(value) !== true) return false
  return [...before.same.keys()].every(name => after.same.has(name) || (isTag(name) && !ESSENTIAL.has(name)))
}

/** Sizes, tables and profiles that differ; empty for the same slide. */
export function compareTables(source: Layout, result: Layout): string[] {
  const findings: string[] = []
  if (source.kind !== result.kind || source.levels.length !== result.levels.length) findings.push('other levels')
  for (const [index, after] of result.levels.entries()) {
    const before = source.levels[counterpart(source, result, index)]
    if (!before || !sameTables(before, after)) findings.push('another table of a level')
  }
  return findings
}

/** Profiles are bare, and are the source's: in the order of pages, those of dropped images aside. */
export function compareProfiles(source: Layout | null, result: Layout): string[] {
  const isOfSource = (profile: Buffer) => !source || source.profiles.some(other => isSameTransform(other, profile))
  return result.profiles.filter(profile => !isBareProfile(profile) || !isOfSource(profile)).map(() => 'a profile')
}

/** Tiles that marked regions touch, by their index; the regions grow by a pixel of the level, as scales are not whole. */
export function touchedTiles(full: LevelLayout, level: LevelLayout, marked: readonly Rectangle[]): Set<number> {
  const touched = new Set<number>()
  const scale = { x: full.width / level.width, y: full.height / level.height }
  const columns = Math.ceil(level.width / level.tile.width)
  for (const { x, y, width, height } of marked) {
    const [left, right] = [x / scale.x - 1, (x + width) / scale.x + 1].map(at => Math.floor(at / level.tile.width))
    const [top, bottom] = [y / scale.y - 1, (y + height) / scale.y + 1].map(at => Math.floor(at / level.tile.height))
    for (let row = Math.max(0, top!); row <= bottom!; row++) {
      for (let column = Math.max(0, left!); column <= Math.min(right!, columns - 1); column++) {
        touched.add(row * columns + column)
      }
    }
  }
  return touched
}

/** The levels with one hash each, and those whose tiles are not the source's. */
export async function comparePixels(
  source: { layout: Layout; tiles: HashedTiles },
  result: { layout: Layout; tiles: HashedTiles },
  marked: readonly Rectangle[],
): Promise<{ levels: ProvenLevel[]; findings: string[] }> {
  const findings: string[] = []
  const levels: ProvenLevel[] = []
  for (const [index, level] of result.layout.levels.entries()) {
    const after = result.tiles.levels[index]!
    const place = counterpart(source.layout, result.layout, index)
    const before = source.tiles.levels[place] ?? []
    const changed = after.flatMap((tile, i) => (before[i]?.equals(tile) ? [] : [i]))
    const { kind, levels: all } = result.layout
    const touched = kind === 'mirax' ? imagesUnder(all, index, marked) : touchedTiles(all[0]!, level, marked)
    const redacted = new Set(changed.filter(tile => touched.has(tile)))
    const pairs = changed.flatMap((tile): Pair[] => {
      const [from, to] = [source.layout.levels[place]?.segments[tile], level.segments[tile]!]
      return redacted.has(tile) || !from ? [] : [{ coding: level.coding, before: from, after: to }]
    })
    const others = before.length === after.length ? await countOther(source.layout, result.layout, pairs) : 1
    if (others > 0) findings.push('a level')
    levels.push({
      width: level.width,
      height: level.height,
      tiles: after.length,
      redacted: redacted.size,
      blanked: pairs.length,
      sha256: hashOfLevel(after, redacted),
    })
  }
  return { levels, findings }
}
