/** Pictures of any rectangle of a rendition, from the level that fits best and the tiles that are needed. */
import { crop as cropJpeg } from '@coverslip/wsi/turbojpeg.ts'
import type { Rendition } from '../renditions/rendition.ts'
import { type Job, type Piece, packTiles } from './job.ts'
import type { Picture } from './picture.ts'
import { type Plan, planRegion, tileOf } from './plan.ts'
import type { RenderQueue } from './queue.ts'

export interface Renderer {
  /**
   * @param id names the rendition among all of all slides
   * @throws ServiceError `unavailable` when too many wait; SlideFileError `damaged`
   */
  render(rendition: Rendition, id: string, picture: Picture, signal?: AbortSignal): Promise<Buffer>
}

/** Names a rendition among all of all slides. */
export const renditionId = ({ slideId, name }: { slideId: string; name: string }): string => `${slideId}/${name}`

/** Pixels of a crop whose stored tiles are a few megabytes at most. */
const LIGHT = 2 ** 22
/** Tiles of one picture that are read at once. */
const READS = 32

export function createRenderer(queue: RenderQueue): Renderer {
  return {
    async render(rendition, id, picture, signal) {
      const plan = planRegion(rendition, picture.region, picture.size)
      const profile = profileFor(rendition, picture)
      const stored = profile ? undefined : await readStored(queue, rendition, plan, picture, signal)
      if (stored) return stored
      const prepare = async (): Promise<Job> => {
        const source = rendition.passThrough
          ? await readPieces(rendition, id, plan, signal)
          : await readPixels(rendition, plan, signal)
        return { crop: plan.crop, source, picture, profile }
      }
      const light = rendition.passThrough && plan.crop.width * plan.crop.height <= LIGHT
      return queue.render(prepare, { signal, light })
    },
  }
}

/** A picture that is a tile of the rendition goes out as such: better than decoded and coded again, and cheaper. */
async function readStored(
  queue: RenderQueue,
  rendition: Rendition,
  plan: Plan,
  { size, mirror, rotation, quality, format }: Picture,
  signal?: AbortSignal,
): Promise<Buffer | undefined> {
  const plain = format === 'jpeg' && quality === 'colour' && !mirror && rotation === 0
  const same = plan.crop.width === size.width && plan.crop.height === size.height
  const tile = plain && same ? tileOf(rendition, plan) : undefined
  if (!tile) return undefined
  const jpeg = rendition.passThrough
    ? await readTile(rendition, plan.level, tile, signal)
    : await queue.wait(() => rendition.readTile(plan.level, tile.column, tile.row, signal), signal)
  const whole = size.width === rendition.tileSize && size.height === rendition.tileSize
  return jpeg && !whole ? cropJpeg(jpeg, size.width, size.height) : jpeg
}

const readTile = (
  rendition: Rendition,
  level: number,
  { column, row }: { column: number; row: number },
  signal?: AbortSignal,
): Promise<Buffer | undefined> | Buffer =>
  rendition.readTileNow?.(level, column, row) ?? rendition.readTile(level, column, row, signal)

/** A profile of colours says nothing about a grey picture. */
function profileFor({ icc }: Rendition, picture: Picture): Buffer | null {
  return picture.icc === 'srgb' || (picture.icc === 'embed' && picture.quality === 'colour') ? icc : null
}

async function readPixels(rendition: Rendition, { level, crop }: Plan, signal?: AbortSignal): Promise<Job['source']> {
  const { data } = await rendition.readRegion(level, crop.x, crop.y, crop.width, crop.height, signal)
  return { pixels: data }
}

async function readPieces(
  rendition: Rendition,
  id: string,
  { level, reduction, crop }: Plan,
  signal?: AbortSignal,
): Promise<Job['source']> {
  const tileSize = rendition.tileSize / reduction
  const { columns, rows } = rendition.levels[level]!
  const right = Math.min(columns, Math.ceil((crop.x + crop.width) / tileSize))
  const bottom = Math.min(rows, Math.ceil((crop.y + crop.height) / tileSize))
  const places: { column: number; row: number }[] = []
  for (let row = Math.floor(crop.y / tileSize); row < bottom; row += 1) {
    for (let column = Math.floor(crop.x / tileSize); column < right; column += 1) places.push({ column, row })
  }
  const pieces: Omit<Piece, 'id'>[] = []
  const keep = ({ column, row }: { column: number; row: number }, jpeg: Buffer | undefined): void => {
    if (jpeg) pieces.push({ x: column * tileSize, y: row * tileSize, jpeg })
  }
  // Those at hand first, without a promise for each.
  const missing = places.filter(place => {
    const jpeg = rendition.readTileNow?.(level, place.column, place.row)
    keep(place, jpeg)
    return !jpeg
  })
  for (let first = 0; first < missing.length; first += READS) {
    signal?.throwIfAborted()
    const tiles = missing.slice(first, first + READS).map(async place => {
      keep(place, await rendition.readTile(level, place.column, place.row, signal))
    })
    await Promise.all(tiles)
  }
  return packTiles(pieces, { level: `${id}/${level}`, tileSize, reduction })
}
