/** Brings a small made slide into a running system, through its HTTP API. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestSystem } from '@coverslip/platform/testing/system.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'

export interface UploadOptions {
  name: string
  width: number
  height: number
  /** What must hold before the upload counts as done; by default intake says `ready` and the tiles are served. */
  until?: (id: string) => Promise<boolean>
}

/** @returns the slide's id */
export async function uploadSlide(system: TestSystem, options: UploadOptions): Promise<string> {
  const bytes = await makeSlide(options)
  const tus = { 'tus-resumable': '1.0.0' }
  const metadata = `filename ${Buffer.from(options.name).toString('base64')}`
  const headers = { ...tus, 'upload-length': `${bytes.length}`, 'upload-metadata': metadata }
  const created = await system.fetch('/api/intake/uploads', { method: 'POST', headers })
  const { pathname } = new URL(created.headers.get('location')!, 'http://x')
  const patch = { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }
  await system.fetch(pathname, { method: 'PATCH', headers: patch, body: new Uint8Array(bytes) })
  const id = created.headers.get('coverslip-slide-id')!
  await waitUntil(() => (options.until ?? (slide => isServed(system, slide)))(id))
  return id
}

async function makeSlide({ width, height }: UploadOptions): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-upload-'))
  const path = join(folder, 'slide.svs')
  await writeSyntheticSlide(path, { width, height, seed: 9 })
  const bytes = await readFile(path)
  await rm(folder, { recursive: true })
  return bytes
}

async function isServed(system: TestSystem, id: string): Promise<boolean> {
  const intake = (await (await system.fetch(`/api/intake/slides/${id}`)).json()) as { state: string }
  const { url, ok } = await system.fetch(`/tiles/${id}.dzi`, { redirect: 'follow' })
  // Until the pyramid is there the original is served.
  return intake.state === 'ready' && ok && !url.endsWith('-original.dzi')
}

async function waitUntil(done: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 40_000; !(await done()); ) {
    if (Date.now() > deadline) throw new Error('the slide did not get through in 40 s')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
