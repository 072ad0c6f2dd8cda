import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { SlideFileError } from '../errors.ts'
import { rethrowDiskFull } from '../tiff/writer.ts'
import type { YuvImage } from '../yuv.ts'
import type { BlockResult } from './block.ts'
import { type Plan, partLevels, partShare, partTiles, tilePixels } from './plan.ts'
import { packedBytes, packPlanes } from './planes.ts'
import { type PyramidPlan, planDigest } from './pyramid-plan.ts'
import { createRepeats, storeOnce } from './repeats.ts'

/*
 * A part's file: a magic number, the bytes of its distinct tiles, then a trailer (a row of the table per tile; the planes
 * of the part's share of the level above; in part 0 the slide's ICC profile) and a footer of fixed size that names the
 * plan, the part and the digests of all that. All numbers are little-endian. Tiles are listed by level and, within a
 * level, in rows of the part's rectangle.
 */
const MAGIC = Buffer.from('CSLPART1', 'latin1')
export const DATA_START = 16
const ROW = 24
const FOOTER = 128
const Footer = { dataEnd: 0, tiles: 8, share: 12, profile: 16, part: 20, plan: 24, data: 56, trailer: 88, magic: 120 }
/** As for every JPEG tile: tables-only streams and less show nothing. */
const SHORTEST_TILE = 25

/** A tile of a part. `offset` is its position in the part's file; repeated tiles share one. */
export interface PartTile {
  level: number
  column: number
  row: number
  offset: number
  length: number
  digest: string
}

export interface PartIndex {
  dataEnd: number
  dataDigest: Buffer
  tiles: PartTile[]
  /** Packed planes, see {@link packPlanes}; empty without a share. */
  share: Buffer
  profile: Buffer
}

const sha256 = (...pieces: Uint8Array[]): Buffer =>
  pieces.reduce<Hash>((h, p) => h.update(p), createHash('sha256')).digest()

export interface PartWriter {
  append(result: BlockResult): Promise<void>
  finish(share: YuvImage | null, profile: Buffer | null): Promise<{ bytes: number; tiles: number; sha256: string }>
  close(): Promise<void>
}

/** Writes a part from front to back. */
export async function createPartWriter(path: string, plan: PyramidPlan, part: number): Promise<PartWriter> {
  const file = await open(path, 'w')
  const hash = createHash('sha256')
  const repeats = createRepeats()
  const table = createTable(plan, part)
  let position = 0
  const write = async (bytes: Uint8Array) => {
    hash.update(bytes)
    await writeAll(file, bytes, position)
    position += bytes.length
  }
  await write(Buffer.concat([MAGIC, Buffer.alloc(DATA_START - MAGIC.length)]))
  return {
    append: async result => {
      await write(storeOnce(result, position, repeats, (tile, offset) => table.set(tile, offset)))
    },
    finish: async (share, profile) => {
      const [planes, icc] = [share ? packPlanes(share) : Buffer.alloc(0), profile ?? Buffer.alloc(0)]
      const trailer = Buffer.concat([table.bytes, planes, icc])
      const footer = Buffer.alloc(FOOTER)
      footer.writeBigUInt64LE(BigInt(position), Footer.dataEnd)
      footer.writeUInt32LE(table.bytes.length / ROW, Footer.tiles)
      footer.writeUInt32LE(planes.length, Footer.share)
      footer.writeUInt32LE(icc.length, Footer.profile)
      footer.writeUInt32LE(part, Footer.part)
      planDigest(plan).copy(footer, Footer.plan)
      hash.copy().digest().copy(footer, Footer.data)
      sha256(footer.subarray(0, Footer.trailer), trailer).copy(footer, Footer.trailer)
      MAGIC.copy(footer, Footer.magic)
      await write(Buffer.concat([trailer, footer]))
      await file.sync().catch(rethrowDiskFull)
      return { bytes: position, tiles: table.bytes.length / ROW, sha256: hash.digest('hex') }
    },
    close: () => file.close(),
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done).catch(rethrowDiskFull)
    done += bytesWritten
  }
}

function createTable(plan: Plan, part: number) {
  const levels = levelsOf(plan, part)
  const bytes = Buffer.alloc(tilesOf(levels) * ROW)
  return {
    bytes,
    set({ level, column, row, length, digest }: BlockResult['tiles'][number], offset: number): void {
      const { first, left, top, across } = levels[level] as PartLevel
      const at = (first + (row - top) * across + column - left) * ROW
      bytes.writeUInt32LE(offset, at)
      bytes.writeUInt32LE(length, at + 4)
      bytes.write(digest, at + 8, 'latin1')
    },
  }
}

interface PartLevel {
  /** Row of the table of its first tile. */
  first: number
  left: number
  top: number
  across: number
  down: number
}

function levelsOf(plan: Plan, part: number): PartLevel[] {
  let first = 0
  return Array.from({ length: partLevels(plan) }, (_, level) => {
    const rectangle = partTiles(plan, part, level)
    const here = { first, ...rectangle }
    first += rectangle.across * rectangle.down
    return here
  })
}

const tilesOf = (levels: PartLevel[]): number => levels.reduce((sum, { across, down }) => sum + across * down, 0)

const damaged = (what: string) => new SlideFileError('damaged', `A part of the pyramid cannot be used: ${what}.`)

function demand(condition: boolean, what: string): void {
  if (!condition) throw damaged(what)
}

/**
 * Reads and checks what a part says about itself.
 * @param bytes size of the part's file
 * @param read gives bytes of it
 * @throws SlideFileError `damaged` when it is cut, changed, or a part of another plan or place
 */
export async function readPartIndex(
  plan: PyramidPlan,
  part: number,
  bytes: number,
  read: (offset: number, length: number) => Promise<Uint8Array>,
): Promise<PartIndex> {
  demand(bytes >= DATA_START + FOOTER, 'it is cut')
  const footer = Buffer.from(await read(bytes - FOOTER, FOOTER))
  demand(footer.length === FOOTER && footer.subarray(Footer.magic).equals(MAGIC), 'it is cut or no part')
  const ofPlan = footer.subarray(Footer.plan, Footer.data).equals(planDigest(plan))
  demand(ofPlan && footer.readUInt32LE(Footer.part) === part, 'it belongs to another pyramid or place')
  const dataEnd = Number(footer.readBigUInt64LE(Footer.dataEnd))
  const levels = levelsOf(plan, part)
  const share = partShare(plan, part)
  const { subsampling } = plan.coding
  const shareBytes = share ? packedBytes({ subsampling, ...tilePixels(plan, share) }) : 0
  const lengths = [tilesOf(levels) * ROW, shareBytes, part === 0 ? (plan.profile?.bytes ?? 0) : 0]
  const stated = [
    footer.readUInt32LE(Footer.tiles) * ROW,
    footer.readUInt32LE(Footer.share),
    footer.readUInt32LE(Footer.profile),
  ]
  demand(
    lengths.every((length, i) => length === stated[i]),
    'it states other lengths',
  )
  const [table, planes, profile] = lengths as [number, number, number]
  demand(dataEnd >= DATA_START && dataEnd + table + planes + profile + FOOTER === bytes, 'it states other lengths')
  const trailer = Buffer.from(await read(dataEnd, bytes - FOOTER - dataEnd))
  const digest = sha256(footer.subarray(0, Footer.trailer), trailer)
  demand(digest.equals(footer.subarray(Footer.trailer, Footer.magic)), 'it was changed')
  return {
    dataEnd,
    dataDigest: footer.subarray(Footer.data, Footer.trailer),
    tiles: readTable(levels, trailer.subarray(0, table), dataEnd),
    share: trailer.subarray(table, table + planes),
    profile: trailer.subarray(table + planes),
  }
}

function readTable(levels: PartLevel[], table: Buffer, dataEnd: number): PartTile[] {
  return levels.flatMap(({ first, left, top, across, down }, level) =>
    Array.from({ length: across * down }, (_, i): PartTile => {
      const at = (first + i) * ROW
      const offset = table.readUInt32LE(at)
      const length = table.readUInt32LE(at + 4)
      demand(offset >= DATA_START && length >= SHORTEST_TILE && offset + length <= dataEnd, 'a tile lies outside of it')
      const digest = table.toString('latin1', at + 8, at + ROW).replace(/^\0{16}$/, '')
      return { level, column: left + (i % across), row: top + Math.floor(i / across), offset, length, digest }
    }),
  )
}
