import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'

/** Where a blob lies: in which data file, and there. */
export interface Blob {
  file: number
  offset: number
  length: number
}

/** An image of a zoom level: its number in the grid of level-0 images. */
export interface StoredImage extends Blob {
  image: number
}

const VERSION = '01.02'
/** What fills the header of a data file behind version, slide id and number. */
const HEADER_FILL = '0'.repeat(256)
const PAGE_LENGTH = 128

/** Data0000.dat, Data0001.dat, …: blobs one after the other. */
export interface DataFiles {
  names: string[]
  add(bytes: Uint8Array): Promise<Blob>
  /** Bytes that no index refers to. */
  leave(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** @param limit bytes after which the next file is begun */
export async function createDataFiles(folder: string, slideId: string, limit: number): Promise<DataFiles> {
  const names: string[] = []
  let file: FileHandle | null = null
  let position = 0
  const close = async () => {
    await file?.sync()
    await file?.close()
    file = null
  }
  const write = async (bytes: Uint8Array): Promise<Blob> => {
    if (!file || position + bytes.length > limit) {
      await close()
      const number = names.length
      names.push(`Data${String(number).padStart(4, '0')}.dat`)
      file = await open(join(folder, names[number] as string), 'w')
      const header = Buffer.from(`${VERSION}${slideId}${String(number).padStart(3, '0')}${HEADER_FILL}`)
      await file.write(header)
      position = header.length
    }
    const blob = { file: names.length - 1, offset: position, length: bytes.length }
    await file.write(bytes, 0, bytes.length)
    position += bytes.length
    return blob
  }
  return { names, add: write, leave: async bytes => void (await write(bytes)), close }
}

const ints = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => {
    bytes.writeInt32LE(value, i * 4)
  })
  return bytes
}

/**
 * Index.dat: version and slide id, two roots, for each a table of pointers, and lists of pages. An empty zoom or filter
 * level has a list without pages.
 */
export function indexFile(slideId: string, levels: readonly StoredImage[][], rest: readonly Blob[]): Buffer {
  const parts: Buffer[] = [Buffer.from(VERSION + slideId)]
  let at = (parts[0] as Buffer).length
  const add = (bytes: Buffer): number => {
    const here = at
    parts.push(bytes)
    at += bytes.length
    return here
  }
  const roots = Buffer.alloc(8)
  add(roots)
  /** A table of pointers, filled in as the lists behind it are laid. */
  const table = (root: number, lists: ((start: number) => Buffer)[]) => {
    const pointers = Buffer.alloc(lists.length * 4)
    roots.writeInt32LE(add(pointers), root)
    lists.forEach((list, i) => {
      pointers.writeInt32LE(add(list(at)), i * 4)
    })
  }
  const filter: StoredImage[] = []
  table(
    0,
    [...levels, filter].map(images => start => levelPages(images, start)),
  )
  table(
    4,
    rest.map(
      ({ offset, length, file }) =>
        start =>
          Buffer.concat([ints(0, start + 8), ints(1, 0, 0, 0, offset, length, file)]),
    ),
  )
  return Buffer.concat(parts)
}

function levelPages(images: readonly StoredImage[], start: number): Buffer {
  const parts = [ints(0, start + 8)]
  let at = start + 8
  for (let i = 0; i === 0 || i < images.length; i += PAGE_LENGTH) {
    const page = images.slice(i, i + PAGE_LENGTH)
    const end = at + 8 + page.length * 16
    parts.push(ints(page.length, i + PAGE_LENGTH < images.length ? end : 0))
    for (const { image, offset, length, file } of page) parts.push(ints(image, offset, length, file))
    at = end
  }
  return Buffer.concat(parts)
}
