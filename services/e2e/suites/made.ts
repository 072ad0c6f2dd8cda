/** Small made slides for the suites that need one to be there. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SyntheticOptions, writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { type Client, eventually } from '../client.ts'
import { filesAt, type UploadFile } from './slides.ts'

/** The files of a made slide; an MRXS has a folder. */
export async function madeFiles(name: string, options: SyntheticOptions): Promise<UploadFile[]> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-e2e-made-'))
  const path = join(folder, name)
  await writeSyntheticSlide(path, { workers: 1, ...options })
  return filesAt(path).finally(() => rm(folder, { recursive: true, force: true }))
}

/** The bytes of a made slide of one file. */
export async function madeBytes(options: SyntheticOptions): Promise<Buffer> {
  const [file] = await madeFiles('slide.svs', options)
  return file!.bytes
}

let bytes: Promise<Buffer> | undefined

/** The bytes of a small slide; made once. */
export function smallSlide(): Promise<Buffer> {
  bytes ??= madeBytes({ width: 700, height: 500, seed: 3 })
  return bytes
}

/** Uploads a small slide and waits until the catalog says that it is ready. */
export async function madeSlide(client: Client): Promise<string> {
  const id = await client.upload([{ name: 'small.svs', bytes: await smallSlide() }])
  const slide = await client.settled(id, 60)
  if (slide.state !== 'ready') throw new Error(`the slide is ${slide.state}: ${slide.reason}`)
  await eventually(10, 'the catalog to say ready', async () =>
    (await client.slide(id)).state === 'ready' ? true : undefined,
  )
  await eventually(10, 'the tiles', () => client.tiled(id))
  return id
}
