/** A made slide's pyramid, opened as tiles opens it, beside a reader of the same file. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bufferSource } from '@coverslip/wsi/byte-source.ts'
import { convert } from '@coverslip/wsi/convert/index.ts'
import { openSlide } from '@coverslip/wsi/open.ts'
import type { SlideReader } from '@coverslip/wsi/slide.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { openPyramid } from '../renditions/pyramid.ts'
import type { Rendition } from '../renditions/rendition.ts'

export interface MadePyramid {
  pyramid: Rendition
  reader: SlideReader
  remove(): Promise<void>
}

/** @param size pixels of the slide */
export async function makePyramid(size: { width: number; height: number }): Promise<MadePyramid> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-pyramid-'))
  const [slide, tiff] = [join(folder, 'slide.svs'), join(folder, 'pyramid.tiff')]
  await writeSyntheticSlide(slide, { ...size, seed: 11 })
  await convert(slide, tiff)
  const reader = await openSlide(tiff)
  return {
    pyramid: await openPyramid(bufferSource(await readFile(tiff)), { name: '1', mpp: null, objectivePower: null }),
    reader,
    async remove() {
      await reader.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
