/** The slides of ../shared/data by what must become of them. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { sharedSlide } from '@coverslip/wsi/test-data.ts'

export interface UploadFile {
  name: string
  bytes: Buffer
  path: string
}

/** Files that end as `failed` with a reason. */
export const BROKEN = [
  'svs/broken.svs',
  'svs/unreadable.svs',
  'tiff/unopenable.tiff',
  'mrxs/Mirax2-Fluorescence-1.mrxs',
]

/** One slide of ../shared/data as an uploader would send it. */
export const filesOf = (path: string): Promise<UploadFile[]> => filesAt(sharedSlide(path))

/** The files of a slide on this disk: an MRXS with its folder. */
export async function filesAt(slide: string): Promise<UploadFile[]> {
  const head = { name: basename(slide), path: basename(slide), bytes: await readFile(slide) }
  if (!slide.endsWith('.mrxs')) return [head]
  const folder = slide.replace(/\.mrxs$/, '')
  const rest = (await readdir(folder)).map(async name => ({
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
