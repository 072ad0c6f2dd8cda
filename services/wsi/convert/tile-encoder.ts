import { hash } from 'node:crypto'
import { Marker, segments } from '../jpeg.ts'
import { encodeYuvShared } from '../turbojpeg.ts'
import { chromaShift, type YuvPlanes } from '../yuv.ts'
import type { Coding } from './quality-policy.ts'
import { abbreviate } from './shared-tables.ts'

export interface TileSettings {
  tileSize: number
  coding: Coding
}

/** A tile in the encoder's memory. */
export interface EncodedTile {
  at: number
  length: number
  /** Of a tile that shows next to nothing; else empty. */
  digest: string
}

/** Makes abbreviated tiles (see shared-tables.ts) one after another in a growing piece of memory. */
export interface TileEncoder {
  /** Forgets all tiles. */
  begin(): void
  /** Encodes the tile that the planes begin with. */
  encode(tile: YuvPlanes): EncodedTile
  /** Tiles since `begin`, in the order of this list, in memory of their own. */
  bytesOf(tiles: readonly EncodedTile[]): Uint8Array<ArrayBuffer>
}

/** How many tiles of one colour are remembered; glass has a few, a slide of coloured paper would have many. */
const FLAT_TILES = 64

export function createTileEncoder({ tileSize, coding }: TileSettings): TileEncoder {
  const flatTiles = new Map<number, Buffer>()
  let memory = new Uint8Array(1024 * 1024)
  let length = 0
  let markers: Markers | undefined

  const encoded = (tile: YuvPlanes) => {
    const jpeg = encodeYuvShared(tile, tileSize, tileSize, coding)
    markers ??= findMarkers(jpeg)
    return { head: markers.head, scan: jpeg.subarray(markers.scan) }
  }
  const append = (bytes: Uint8Array) => {
    if (length + bytes.length > memory.length) memory = grown(memory, length + bytes.length)
    memory.set(bytes, length)
    length += bytes.length
  }
  return {
    begin: () => {
      length = 0
    },
    encode: tile => {
      const start = length
      const colour = flatColour(tile, tileSize)
      const known = colour === null ? undefined : flatTiles.get(colour)
      if (known) append(known)
      else {
        const { head, scan } = encoded(tile)
        append(head)
        append(scan)
      }
      const bytes = memory.subarray(start, length)
      if (colour !== null && !known && flatTiles.size < FLAT_TILES) flatTiles.set(colour, Buffer.from(bytes))
      return { at: start, length: bytes.length, digest: digestOf(bytes, tileSize) }
    },
    bytesOf: tiles => {
      const bytes = new Uint8Array(tiles.reduce((sum, tile) => sum + tile.length, 0))
      let to = 0
      for (const { at, length } of tiles) {
        bytes.set(memory.subarray(at, at + length), to)
        to += length
      }
      return bytes
    },
  }
}

function grown(memory: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(bytes, memory.length * 2))
  larger.set(memory)
  return larger
}

interface Markers {
  /** What all tiles of a coding begin with, and where in the encoder's output the rest follows. */
  head: Buffer
  scan: number
}

/** The encoder writes the same markers in front of every tile, of which an abbreviated one keeps frame and scan header. */
function findMarkers(jpeg: Uint8Array): Markers {
  const whole = Buffer.from(jpeg)
  const scan = segments(whole).find(({ marker }) => marker === Marker.SOS)?.end ?? whole.length
  const short = abbreviate(whole)
  return { head: short.subarray(0, short.length - (whole.length - scan)), scan }
}

/** The colour as one number when the tile has only one, else null. */
function flatColour(tile: YuvPlanes, tileSize: number): number | null {
  const size = tileSize >> chromaShift(tile.subsampling)
  const y = flatValue(tile.y, tile.yStride, tileSize)
  const u = y === null ? null : flatValue(tile.u, tile.uvStride, size)
  const v = u === null ? null : flatValue(tile.v, tile.uvStride, size)
  return y === null || u === null || v === null ? null : (y << 16) | (u << 8) | v
}

function flatValue(plane: Uint8Array, stride: number, edge: number): number | null {
  const [first, last] = [plane[0] as number, (edge - 1) * stride + edge - 1]
  // Most tiles differ there; the rest is compared by memcmp, faster than by a loop.
  if (first !== plane[last] || first !== plane[last >> 1]) return null
  const samples = Buffer.from(plane.buffer, plane.byteOffset, last + 1)
  // Rows without room between them are one.
  const [rows, length] = stride === edge ? [1, last + 1] : [edge, edge]
  const row = samples.subarray(0, length)
  if (!row.subarray(1).equals(row.subarray(0, -1))) return null
  for (let i = 1; i < rows; i++) if (!samples.subarray(i * stride, i * stride + edge).equals(row)) return null
  return first
}

/** Most bytes of a tile of one colour, with its markers: 10 bits for each square of 8 pixels at 4:2:0, 14 at 4:4:4. */
const glassBytes = (tileSize: number): number => tileSize ** 2 / 32 + 100

/** Half a SHA-256 of a tile as small as those of bare glass: only they are worth a look for an equal one. */
const digestOf = (jpeg: Uint8Array, tileSize: number): string =>
  jpeg.length > glassBytes(tileSize) ? '' : hash('sha256', jpeg, 'binary').slice(0, 16)
