/**
 * Scaling by itself: a queue of slides makes pods of pyramid, readers make pods of tiles, and both go again. Prints the
 * table of charts/README.md.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '@coverslip/platform/testing/process.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { letReadersIn } from '../../loadtest/readers.ts'
import type { Outcome } from '../../loadtest/report/summary.ts'
import { type Client, clientOf } from '../../services/e2e/client.ts'
import { type Api, openApi } from './api.ts'
import { install, type Release } from './release.ts'
import { type Crew, mostOf, watchCrew } from './scaling.ts'
import { clusterEnvironment, clusterMissing } from './tool.ts'

const k6 = findProgram('k6', clusterEnvironment().PATH?.split(':'))
const missing = clusterMissing() ?? (k6 ? undefined : 'k6 is not on PATH')

const SLIDES = 12
const SIZE = { width: 8000, height: 6000 }
/** Small requests, so that two cores are a crew's worth; calm is short, since nobody waits for five minutes here. */
const SCALED = {
  autoscaling: { type: 'hpa', min: 1, max: 3, cpu: 60, calm: 30 },
  resources: { requests: { cpu: '150m', memory: '128Mi', 'ephemeral-storage': '16Mi' } },
}
const VALUES = { services: { tiles: SCALED, pyramid: { ...SCALED, settings: { PYRAMID_PART_SIZE: '2048' } } } }
/** Runs of 200 readers, one after the other; before them and after them one reads alone. */
const CROWDS = ['200 who draw, while pods come', '200 who draw, with them'] as const

describe.skipIf(missing)(`scaling by itself${missing ? ` (${missing})` : ''}`, () => {
  let api: Api
  let release: Release
  let client: Client
  let token: string
  const slides: string[] = []

  beforeAll(async () => {
    api = await openApi()
    release = await install(api, 'scale', VALUES)
    token = await release.ownerToken()
    client = clientOf({ url: release.url, token })
  })
  afterAll(async () => {
    await release?.uninstall()
    await api?.stop()
  }, 240_000)

  it('pods of pyramid come while slides wait, and go when none does', async () => {
    const crew = watchCrew(api, release, 'pyramid')
    for (const seed of Array.from({ length: SLIDES }, (_, i) => i + 1)) slides.push(await upload(client, seed))
    for (const id of slides) await client.until(id, 'ready', 400)
    expect(mostOf(crew.seen)).toBeGreaterThan(1)
    await crew.until(1, 300)
    crew.stop()
  }, 900_000)

  it('pods of tiles come while people read and draw, no tile fails, and they go when nobody reads', async () => {
    const crew = watchCrew(api, release, 'tiles')
    const rows: string[] = []
    async function read(name: string, scenario: string): Promise<void> {
      crew.seen.length = 0
      const outcome = await letReadersIn(k6!, scenario, { url: release.url, token, slides })
      rows.push(rowOf(name, outcome, crew))
      expect(outcome.errors).toBe(0)
    }
    await read('one, before', 'one-reader')
    for (const name of CROWDS) await read(name, 'campaign')
    expect(mostOf(crew.seen)).toBeGreaterThan(1)
    const calm = performance.now()
    await crew.until(1, 400)
    const seconds = Math.round((performance.now() - calm) / 1000)
    await read('one, after', 'one-reader')
    crew.stop()
    console.log([...HEAD, ...rows].join('\n'))
    console.log(`one pod again ${seconds} s after the crowd left`)
  }, 900_000)
})

const HEAD = [
  '| readers | pods of tiles | tiles/s | tile p99 ms | screen complete p95 ms | cores used by tiles | tiles/s a core | drawings | sent again | saved p95 ms | errors |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
]

function rowOf(name: string, outcome: Outcome, { seen }: Crew): string {
  const { tilesPerSecond, tile, viewportComplete, annotationSaved, annotationsSentAgain, errors } = outcome
  const pods = `${seen[0]?.pods ?? 0} to ${seen.at(-1)?.pods ?? 0}`
  const busy = seen.filter(({ cores }) => cores > 0.05)
  const cores = busy.reduce((sum, one) => sum + one.cores, 0) / Math.max(1, busy.length)
  const perCore = cores > 0 ? Math.round(tilesPerSecond / cores) : '—'
  const cells = [Math.round(tilesPerSecond), tile?.p99.toFixed(0), viewportComplete?.p95.toFixed(0), cores.toFixed(2)]
  const drawn = annotationSaved
    ? [annotationSaved.count, annotationsSentAgain, annotationSaved.p95.toFixed(0)]
    : ['', '', '']
  return `| ${[name, pods, ...cells, perCore, ...drawn, errors].join(' | ')} |`
}

async function upload(client: Client, seed: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-slide-'))
  try {
    const path = join(folder, 'slide.svs')
    await writeSyntheticSlide(path, { ...SIZE, seed })
    return await client.upload([{ name: `slide-${seed}.svs`, bytes: await readFile(path) }])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
