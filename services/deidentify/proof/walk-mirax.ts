/**
 * A walk over a 3DHISTECH MIRAX slide from its raw bytes: Slidedat.ini (keys by section), Index.dat (two tables of
 * pointers to lists of pages, one list per level or blob) and the blobs that they point to.
 */
import { readFile } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { type Bytes, openBytes, type Range, UnreadableError } from './bytes.ts'

/** What the index says of a blob in a data file. */
export interface Blob extends Range {
  /** Number of the data file. */
  file: number
  /** Position in the grid; 0 outside of levels. */
  image: number
}

export interface Ini {
  section: string
  key: string
  value: string
}

export interface WalkedMirax {
  /** Of Slidedat.ini, in order. */
  keys: Ini[]
  /** Whatever in Slidedat.ini is neither a section nor `key = value`. */
  strays: string[]
  id: string
  levels: Blob[][]
  /** Blobs outside of the picture by the names of their layer and of the blob. */
  extras: { layer: string; name: string; blobs: Blob[] }[]
  /** What of Index.dat is used. */
  index: { path: string; size: number; used: Range[] }
  data: { path: string; size: number }[]
}

const MAX_INI = 1024 * 1024
const MAX_ENTRIES = 4096

function parseIni(text: string): { keys: Ini[]; strays: string[] } {
  const keys: Ini[] = []
  const strays: string[] = []
  let section = ''
  for (const line of text.replace(/^(\uFEFF|\u00EF\u00BB\u00BF)/, '').split(/\r\n|\r|\n/)) {
    const head = /^\[([^\]]*)\]\s*$/.exec(line)
    const at = line.indexOf('=')
    if (head) section = head[1]!
    else if (at >= 0) keys.push({ section, key: line.slice(0, at).trim(), value: line.slice(at + 1).trim() })
    else if (line.trim() !== '') strays.push(line.trim())
  }
  return { keys, strays }
}

/** The folder that belongs to an `.mrxs` file. */
export const folderOf = (path: string): string =>
  join(dirname(path), path.slice(dirname(path).length + 1, -extname(path).length))

/** @throws UnreadableError */
export async function walkMirax(path: string): Promise<WalkedMirax> {
  const folder = folderOf(path)
  const raw = await readFile(join(folder, 'Slidedat.ini')).catch(() => null)
  if (!raw || raw.length > MAX_INI) throw new UnreadableError('no Slidedat.ini')
  const { keys, strays } = parseIni(raw.toString('latin1'))
  const get = (section: string, key: string): string =>
    keys.find(k => k.section === section && k.key === key)?.value ?? ''
  const count = (key: string, section = 'HIERARCHICAL'): number => {
    const value = Number(get(section, key) || '0')
    if (!Number.isInteger(value) || value < 0 || value > MAX_ENTRIES) throw new UnreadableError('a count is no count')
    return value
  }
  const plain = (name: string): string => {
    if (!/^[A-Za-z0-9_-]{1,64}\.dat$/.test(name)) throw new UnreadableError('a file name leads elsewhere')
    return join(folder, name)
  }
  const sum = (kind: string, layers: number): number =>
    Array.from({ length: layers }, (_, i) => count(`${kind}_${i}_COUNT`)).reduce((all, n) => all + n, 0)
  const id = get('GENERAL', 'SLIDE_ID')
  const indexPath = plain(get('HIERARCHICAL', 'INDEXFILE'))
  const dataPaths = Array.from({ length: count('FILE_COUNT', 'DATAFILE') }, (_, i) =>
    plain(get('DATAFILE', `FILE_${i}`)),
  )
  const names = Array.from({ length: count('NONHIER_COUNT') }, (_, layer) =>
    Array.from({ length: count(`NONHIER_${layer}_COUNT`) }, (_, i) => ({
      layer: get('HIERARCHICAL', `NONHIER_${layer}_NAME`),
      name: get('HIERARCHICAL', `NONHIER_${layer}_VAL_${i}`),
    })),
  ).flat()
  const bytes = await openBytes(indexPath)
  try {
    const walk = indexWalk(bytes, id.length)
    const hier = await walk.lists(0, sum('HIER', count('HIER_COUNT')), 4)
    const nonhier = await walk.lists(1, names.length, 5)
    return {
      keys,
      strays,
      id,
      levels: hier.slice(0, count('HIER_0_COUNT')),
      extras: [
        ...names.map((name, i) => ({ ...name, blobs: nonhier[i]! })),
        ...hier.slice(count('HIER_0_COUNT')).map(blobs => ({ layer: 'another hierarchy', name: '', blobs })),
      ],
      index: { path: indexPath, size: bytes.size, used: walk.used },
      data: await Promise.all(dataPaths.map(sized)),
    }
  } finally {
    await bytes.close()
  }
}

async function sized(path: string): Promise<{ path: string; size: number }> {
  const bytes = await openBytes(path)
  await bytes.close()
  return { path, size: bytes.size }
}

/** Index.dat: "01.02", the slide's id, two pointers to tables; all pointers are 32-bit, little-endian. */
function indexWalk(bytes: Bytes, idLength: number) {
  const roots = 5 + idLength
  const used: Range[] = [{ offset: 0, length: roots }]
  const seen = new Set<number>()
  const words = async (offset: number, count: number): Promise<number[]> => {
    const raw = await bytes.read(offset, count * 4)
    used.push({ offset, length: count * 4 })
    return Array.from({ length: count }, (_, i) => raw.readInt32LE(i * 4))
  }
  /** One list: a head that points to the first of its pages, each of which points to the next. */
  const list = async (head: number, width: 4 | 5): Promise<Blob[]> => {
    const blobs: Blob[] = []
    let at = head === 0 ? 0 : (await words(head, 2))[1]!
    while (at > 0) {
      if (seen.has(at)) throw new UnreadableError('pages form a loop')
      seen.add(at)
      const [count, next] = (await words(at, 2)) as [number, number]
      const items = await words(at + 8, count * width)
      for (let i = 0; i < items.length; i += width) {
        const [offset, length, file] = items.slice(i + width - 3, i + width) as [number, number, number]
        blobs.push({ image: width === 4 ? items[i]! : 0, offset, length, file })
      }
      at = next
    }
    return blobs
  }
  const lists = async (root: 0 | 1, count: number, width: 4 | 5): Promise<Blob[][]> => {
    const [table] = (await words(roots + root * 4, 1)) as [number]
    const heads = count > 0 ? await words(table, count) : []
    const all: Blob[][] = []
    for (const head of heads) all.push(await list(head, width))
    return all
  }
  return { used, lists }
}
