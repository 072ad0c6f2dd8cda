/** What a slide's files consist of, byte by byte, whatever the format. */
import { basename } from 'node:path'
import { openBytes, type Range, UnreadableError } from './bytes.ts'
import { layoutMirax } from './layout-mirax.ts'
import { layoutTiff } from './layout-tiff.ts'

/** Stored pixels: a tile, a strip, one JPEG of a level. */
export interface Segment extends Range {
  /** Index into `files`. */
  file: number
}

export type Coding = 'jpeg' | 'jpeg2000' | 'deflate' | 'lzw' | 'raw' | 'other'

export interface LevelLayout {
  width: number
  height: number
  /** Pixels of a tile; a strip is as wide as the level. 0 where tiles form no grid (MRXS). */
  tile: { width: number; height: number }
  coding: Coding
  /** In the order of the level's index; missing tiles have length 0. */
  segments: Segment[]
  /** By name, what is stored of a level beside its tiles: sizes, coding, tables, resolution. Nothing may differ or be new. */
  same: ReadonlyMap<string, Buffer>
}

/** A text, or what might hold one. */
export interface Text {
  place: string
  bytes: Buffer
  /** Where it lies. */
  at: Segment
}

export interface LaidFile {
  path: string
  /** Relative to the slide's main file. */
  name: string
  size: number
  /** Everything that is referred to and is no pixels. */
  structure: Range[]
}

export interface Layout {
  kind: 'tiff' | 'ndpi' | 'mirax'
  files: LaidFile[]
  levels: LevelLayout[]
  /** Places of images and directories that are no level. */
  others: string[]
  /** The pixels of those that are images. */
  pictures: LevelLayout[]
  /** Fields of directories with the beginning of their values, for the allow-lists; idle when nothing is decoded by them. */
  fields: { place: string; tag: number; ascii: boolean; value: Buffer; idle: boolean }[]
  /** Values of the metadata; for MRXS whole blobs as well. */
  texts: Text[]
  /** Bytes that a value, or a value's entry, has beyond its end; zeros in a clean file. */
  spare: { place: string; bytes: Buffer }[]
  /** ICC profiles of the levels. */
  profiles: Buffer[]
}

/**
 * Lays out a slide from its raw bytes.
 * @throws UnreadableError when a reference leads nowhere, directories form a loop, or the file is of another kind
 */
export async function layOut(path: string): Promise<Layout> {
  const bytes = await openBytes(path)
  try {
    const head = await bytes.read(0, Math.min(4, bytes.size))
    const isTiff = ['II*\0', 'II+\0', 'MM\0*', 'MM\0+'].includes(head.toString('latin1'))
    if (isTiff) return assertInside(await layoutTiff(bytes, { path, name: basename(path) }))
  } finally {
    await bytes.close()
  }
  return assertInside(await layoutMirax(path))
}

/** @throws UnreadableError when something lies outside of its file */
function assertInside(layout: Layout): Layout {
  const isInside = (size: number | undefined, { offset, length }: Range): boolean =>
    size !== undefined && offset >= 0 && length >= 0 && offset + length <= size
  for (const { size, structure } of layout.files) {
    if (!structure.every(range => isInside(size, range))) throw new UnreadableError('a reference leads nowhere')
  }
  for (const { segments } of layout.levels) {
    if (!segments.every(segment => isInside(layout.files[segment.file]?.size, segment))) {
      throw new UnreadableError('a tile lies outside of its file')
    }
  }
  return layout
}
