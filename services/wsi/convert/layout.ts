import { SlideFileError } from '../errors.ts'
import { bytesOfTiles } from '../tiff/image.ts'
import { BIG_TIFF_HEADER } from '../tiff/writer.ts'
import type { BlockResult } from './block.ts'
import { type TilePlaces, tilePlaces } from './pages.ts'
import { DATA_START, type PartIndex, type PartTile } from './part-file.ts'
import { type Block, tileGrid } from './plan.ts'
import type { PyramidPlan } from './pyramid-plan.ts'
import { createRepeats, storeOnce } from './repeats.ts'

/** Which bytes of a part's file go into the pyramid: the others are there already. */
export interface PartCut {
  dataEnd: number
  dataDigest: Buffer
  /** Stretches of the part's file from first byte to behind the last, in order. */
  kept: { from: number; to: number }[]
}

/** Where everything comes to lie in a pyramid's file: the tiles part by part, then those of the levels above. */
export interface Layout {
  /** Where the next byte goes. */
  readonly position: number
  readonly places: TilePlaces[]
  /** Bytes of level 0's tiles, once all are there; those that share their bytes counted once. */
  readonly pixels: number
  /** Takes a block's tiles of the part under way; gives the bytes that are to be written. */
  addTiles(result: BlockResult): Uint8Array
  endPart(): void
  /** Takes a part that was built before, as `addTiles` would have taken its blocks. */
  addPart(index: PartIndex): PartCut
  /** Takes a block above the parts; all its bytes are to be written. */
  addTop(result: BlockResult): void
}

export function createLayout(plan: PyramidPlan): Layout {
  const places = tilePlaces(plan)
  const repeats = createRepeats()
  let position = BIG_TIFF_HEADER
  const set = ({ level, column, row }: Block, offset: number, length: number) => {
    const { across } = tileGrid(plan.levels[level]!, plan.tileSize)
    const { offsets, counts } = places[level]!
    offsets[row * across + column] = offset
    counts[row * across + column] = length
  }
  return {
    places,
    get position() {
      return position
    },
    get pixels() {
      return bytesOfTiles(places[0]!)
    },
    addTiles: result => {
      const bytes = storeOnce(result, position, repeats, (tile, offset) => set(tile, offset, tile.length))
      position += bytes.length
      return bytes
    },
    endPart: () => repeats.nextPart(),
    addPart: ({ tiles, dataEnd, dataDigest }) => {
      const kept: PartCut['kept'] = []
      for (const group of byPlace(tiles, dataEnd)) {
        const { offset, length, digest } = group[0]!
        const known = digest === '' ? undefined : repeats.find(digest)
        for (const tile of group) set(tile, known ?? position, length)
        if (known !== undefined) continue
        if (digest !== '') repeats.add(digest, position)
        const last = kept.at(-1)
        if (last?.to === offset) last.to = offset + length
        else kept.push({ from: offset, to: offset + length })
        position += length
      }
      repeats.nextPart()
      return { dataEnd, dataDigest, kept }
    },
    addTop: ({ tiles, bytes }) => {
      let offset = position
      for (const tile of tiles) {
        set(tile, offset, tile.length)
        offset += tile.length
      }
      position += bytes.length
    },
  }
}

/** Tiles that share bytes, in the order in which those were written. @throws SlideFileError when they overlap or leave gaps */
function byPlace(tiles: PartTile[], dataEnd: number): PartTile[][] {
  const groups: PartTile[][] = []
  let end = DATA_START
  for (const tile of tiles.toSorted((a, b) => a.offset - b.offset)) {
    const group = groups.at(-1)
    const [first] = group ?? []
    if (first && first.offset === tile.offset && first.length === tile.length) group?.push(tile)
    else if (tile.offset === end) {
      groups.push([tile])
      end += tile.length
    } else throw overlapping()
  }
  if (end !== dataEnd) throw overlapping()
  return groups
}

const overlapping = () => new SlideFileError('damaged', 'A part of the pyramid cannot be used: its tiles overlap.')
