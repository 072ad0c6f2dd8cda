/**
 * IIIF regions of 512 px beside the peers on the same pyramid: iipsrv and large_image. Each region is another one, so that
 * no cache has it; half of them are shrunk by 1.5 from the full size, half by 1.5 from the level of half the size.
 *
 *   node loadtest/bench/regions.ts [ROUNDS] [SECONDS] [WIDTH] [HEIGHT] [--slide FILE]
 *
 * Needs what bench/tiles.ts needs, without nginx' files.
 */
import { join } from 'node:path'
import { mintToken } from '@coverslip/platform/testing/tokens.ts'
import { startLibrary } from '../peers/gunicorn.ts'
import { iipsrvRegion, startIipsrv } from '../peers/iipsrv.ts'
import { CONNECTIONS, readArguments } from './tiles/arguments.ts'
import { compare, tableOf } from './tiles/compare.ts'
import type { Target } from './tiles/load.ts'
import { assertSamePicture } from './tiles/same-picture.ts'
import { randomRegions } from './tiles/scripts.ts'
import { startTiles } from './tiles/servers.ts'
import { type BenchSlide, withSlide } from './tiles/slide.ts'

const WARM = { requests: 2000, seconds: 10 }
const REGION_SIZE = 512
const SIDES = [1.5 * REGION_SIZE, 3 * REGION_SIZE]
/** That of our regions. */
const QUALITY = 80
/** For tiles in iipsrv's memory: twice what a process of ours has. */
const CACHE_MEBIBYTES = 256
/** A Lua format. */
const ANY_REGION = '%d,%d,%d,%d'

const { rounds, seconds, size, file } = await readArguments()

/** A server with the address of any region. */
interface Served {
  name: string
  url: string
  pids: number[]
  token?: string
  path: string
}

async function startAll({ id, path, service, folder, stops }: BenchSlide): Promise<Served[]> {
  const slide = { path, quality: QUALITY }
  const tiles = await startTiles('tiles', service)
  stops.push(() => tiles.stop())
  const iipsrv = await startIipsrv(folder, slide, CACHE_MEBIBYTES)
  stops.push(() => iipsrv.stop())
  const largeImage = await startLibrary('large_image()', slide)
  stops.push(() => largeImage.stop())
  const token = await mintToken(join(service.data, 'keys/signing.pem'))
  const ours = `/iiif/3/${id}/${ANY_REGION}/${REGION_SIZE},/0/default.jpg`
  return [
    { name: 'tiles', url: tiles.url, pids: [tiles.pid()], token, path: ours },
    { name: 'iipsrv', url: iipsrv.url, pids: iipsrv.pids(), path: iipsrvRegion(path, ANY_REGION, REGION_SIZE) },
    { name: 'large_image', url: largeImage.url, pids: [largeImage.pid()], path: `/region/${ANY_REGION}` },
  ]
}

const targetOf = ({ name, url, pids, token, path }: Served): Target => ({
  name,
  url,
  pids,
  script: round => randomRegions({ round, size, sides: SIDES, path, token }),
})

await withSlide({ size, file }, async slide => {
  const all = await startAll(slide)
  for (const side of SIDES) {
    const region = [Math.floor(size.width / 4), Math.floor(size.height / 4), side, side].join()
    const answers = all.map(({ name, url, path, token }) => ({
      name,
      url: url + path.replace(ANY_REGION, region),
      ...(token && { token }),
    }))
    await assertSamePicture(answers)
  }
  const targets = all.map(targetOf)
  process.stdout.write(
    `Regions of ${REGION_SIZE} px, ${CONNECTIONS} connections, median of ${rounds} of ${seconds} s\n\n`,
  )
  const results = await compare(targets, { rounds, seconds, connections: CONNECTIONS, warm: WARM })
  process.stdout.write(await tableOf(results, [targets[0]!]))
})
