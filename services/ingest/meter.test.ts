import { startTelemetry, type Telemetry } from '@coverslip/platform/telemetry.ts'
import { scrapeText } from '@coverslip/platform/testing/scrape.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createIntakeMeter, type IntakeMeter } from './meter.ts'
import type { IntakeState } from './states.ts'

let telemetry: Telemetry
let meter: IntakeMeter
beforeEach(async () => {
  telemetry = await startTelemetry({ service: 'test', otlpUrl: '' })
  meter = createIntakeMeter(telemetry)
})
afterEach(() => telemetry.close())

const ago = (seconds: number): Date => new Date(Date.now() - seconds * 1000)
const slide = (state: IntakeState, received: number, changed: number) => ({
  state,
  received_at: ago(received),
  changed_at: ago(changed),
})
/** The samples of a metric without buckets, each as `labels value`. */
async function samples(name: string): Promise<string[]> {
  const lines = (await scrapeText(telemetry)).split('\n')
  return lines.filter(line => line.startsWith(`${name}{`)).map(line => line.slice(name.length))
}
const seconds = (sample: string | undefined): number => Math.round(Number(sample?.split(' ').at(-1)))

test('the time in each state is told when a slide leaves it, and the whole way at its end', async () => {
  meter.arrived(slide('received', 100, 40))
  meter.moved(slide('received', 200, 30), 'deidentifying', null)
  meter.moved(slide('deidentifying', 300, 20), 'tiling', null)
  meter.moved(slide('tiling', 400, 10), 'ready', null)
  const stages = await samples('coverslip_slide_stage_seconds_sum')
  expect(stages.map(sample => [/stage="(\w+)"/.exec(sample)![1], seconds(sample)])).toEqual([
    ['uploading', 60],
    ['receiving', 40],
    ['received', 30],
    ['deidentifying', 20],
    ['tiling', 10],
  ])
  const [whole] = await samples('coverslip_slide_seconds_sum')
  expect(whole).toContain('coverslip_outcome="ready"')
  expect(seconds(whole)).toBe(400)
})

test('what stops a slide is told by state and code; a code that is none of ours is no label', async () => {
  meter.stopped(slide('received', 60, 5), 'receiving', 'damaged')
  meter.moved(slide('deidentifying', 60, 5), 'quarantined', 'verification-failed')
  meter.moved(slide('tiling', 60, 5), 'failed', 'Doe, Jane')
  const failed = await samples('coverslip_slides_failed_total')
  expect(failed.sort()).toEqual([
    '{coverslip_stage="deidentifying",error_type="verification-failed"} 1',
    '{coverslip_stage="receiving",error_type="damaged"} 1',
    '{coverslip_stage="receiving",error_type="internal"} 0',
    '{coverslip_stage="tiling",error_type="other"} 1',
  ])
  const ended = await samples('coverslip_slide_seconds_count')
  expect(ended.sort()).toEqual(['{coverslip_outcome="failed"} 2', '{coverslip_outcome="quarantined"} 1'])
})

test('a slide that is made anew long after its end does not count as slow', async () => {
  meter.moved(slide('ready', 90_000, 80_000), 'tiling', null)
  expect(await samples('coverslip_slide_stage_seconds_sum')).toEqual([])
})
