/** The slides of ../shared/data by what must become of them. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { sharedSlide } from '@coverslip/wsi/test-data.ts'

export interface UploadFile {
  name: string
  bytes: Buffer
  path?: string
}

/** Files that end as `failed` with a reason. */
export const BROKEN = [
  'svs/broken.svs',
  'svs/unreadable.svs',
  'tiff/unopenable.tiff',
  'mrxs/Mirax2-Fluorescence-1.mrxs',
]

/** The slides whose vendor format is kept as the original: all that have a procedure of their own. */
export const keepsOriginal = (path: string): boolean => /^(svs|tiff|ndpi|mrxs)\//.test(path)

/** One slide as an uploader would send it: an MRXS with its folder. */
export async function filesOf(path: string): Promise<UploadFile[]> {
  const head = { name: basename(path), path: basename(path), bytes: await readFile(sharedSlide(path)) }
  if (!path.endsWith('.mrxs')) return [head]
  const folder = sharedSlide(path).replace(/\.mrxs$/, '')
  const inside = await readdir(folder)
  const rest = inside.map(async name => ({
    name,
    path: `${basename(folder)}/${name}`,
    bytes: await readFile(join(folder, name)),
  }))
  return [head, ...(await Promise.all(rest))]
}

/** The fake patient data planted in a made slide, and in its file name. */
export async function plantedIn(path: string): Promise<string[]> {
  const text = await readFile(`${sharedSlide(path)}.gen.json`, 'utf8').catch(() => '')
  const planted = text === '' ? [] : ((JSON.parse(text) as { made: { planted?: string[] } }).made.planted ?? [])
  return [...planted, basename(path).replace(/\.\w+$/, '')]
}
