/** The slide of the comparisons: made, in the store of a data folder, with a database server and a token for it. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@coverslip/platform/testing/servers.ts'
import { makeServedSlides } from '../../../services/tiles/testing/served-slide.ts'

export interface BenchSlide {
  id: string
  size: { width: number; height: number }
  /** Of the pyramid. */
  path: string
  /** What the tiles service is started with. */
  service: { data: string; database: string }
  /** For what a comparison leaves on disk. */
  folder: string
  /** Calls these too, the last first, before the slide goes. */
  stops: (() => Promise<unknown>)[]
}

/** Makes the slide, or the pyramid of `file`, and removes it when the comparison is through, whatever happens. */
export async function withSlide(
  { size, file }: Pick<BenchSlide, 'size'> & { file: string | undefined },
  compare: (slide: BenchSlide) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-bench-'))
  const data = join(folder, 'data')
  const postgres = await startPostgres()
  const stops: BenchSlide['stops'] = [() => rm(folder, { recursive: true, force: true }), () => postgres.stop()]
  try {
    await mkdir(data)
    const [made] = await makeServedSlides(data, { ...size, file, database: postgres.url })
    const id = made!.slideId
    const path = join(data, 'pyramid', id, '1/pyramid.tiff')
    await compare({ id, size, path, service: { data, database: postgres.url }, folder, stops })
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

export interface Place {
  /** 0 the full size, each next one half of it. */
  down: number
  x: number
  y: number
}

/** Every tile of the levels that fill more than one tile. */
export function placesOf({ width, height }: BenchSlide['size']): Place[] {
  const levels = Math.ceil(Math.log2(Math.max(width, height) / 256))
  return Array.from({ length: levels }, (_, down) => {
    const [columns, rows] = [width, height].map(side => Math.ceil(Math.ceil(side / 2 ** down) / 256))
    return Array.from({ length: columns! * rows! }, (_, i) => ({ down, x: i % columns!, y: Math.floor(i / columns!) }))
  }).flat()
}

/** Deep Zoom's number of the full size. */
export const topLevel = ({ width, height }: BenchSlide['size']): number => Math.ceil(Math.log2(Math.max(width, height)))
