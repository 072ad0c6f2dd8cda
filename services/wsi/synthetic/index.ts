import { randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { writeHamamatsu } from './hamamatsu-slide.ts'
import { writeMirax } from './mirax-slide.ts'
import { type Settled, type SyntheticOptions, settle } from './options.ts'
import { writeTiff } from './tiff-slide.ts'

export { hostileSlides } from './hostile.ts'
export type { SyntheticOptions } from './options.ts'
export { FAKE_PATIENT, type Patient } from './patient.ts'
export { type Planted, plantedIn } from './planted.ts'
export { createRenderer, type Renderer, type Scene } from './render.ts'

const WRITERS = { aperio: writeTiff, 'generic-tiff': writeTiff, hamamatsu: writeHamamatsu, mirax: writeMirax }

/**
 * Writes a slide of plausible H&E tissue with invented patient data in the places where scanners leave the real data
 * (FAKE_PATIENT). The file appears under its name when it is complete; a failed or aborted run leaves nothing. Memory of
 * SVS and TIFF is bounded by a few blocks of 16 tiles per worker and one row of tiles of each small level; NDPI and MRXS
 * also hold their reduced levels.
 * @throws RangeError for impossible sizes; SlideFileError `library-missing`; the signal's reason
 */
export async function writeSyntheticSlide(path: string, options: SyntheticOptions = {}): Promise<void> {
  const settled: Settled = settle(options)
  const part = `${path}.part-${randomUUID()}`
  try {
    const { folder } = await WRITERS[settled.format](part, settled)
    if (folder) await rename(folder, path.replace(/\.mrxs$/, ''))
    await rename(part, path)
    settled.onProgress?.(1)
  } catch (error) {
    await rm(part, { force: true })
    await rm(`${part}.folder`, { force: true, recursive: true })
    throw error
  }
}
