/** Dashboards and alerts ask for what the services really tell: one system, used as people use it, and its scrape. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { modules } from '@coverslip/all/modules.ts'
import { uploadSlide } from '@coverslip/all/testing/upload.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { dashboards } from './dashboards.ts'
import { outOfDate } from './generate.ts'
import { queriesOf } from './grafana.ts'
import { problemsOf } from './problems.ts'
import { type Prometheus, prometheusProgram, startPrometheus } from './prometheus.ts'
import { readScrape, type Scraped } from './scraped.ts'

interface Rule {
  alert: string
  expr: string
  for: string
  labels: { severity: string }
  annotations: { summary: string }
}
const chart = (path: string): string => readFileSync(new URL(`../../charts/coverslip/${path}`, import.meta.url), 'utf8')
const alerts = (parse(chart('files/alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(g => g.rules)

let data: string
let system: TestSystem
let scraped: Scraped
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'coverslip-observability-'))
  system = await startSystem(modules, {
    data,
    environment: { REVIEW_GATE: 'off', OBJECTS_STAGE_URL: `file:${join(data, 'stage')}` },
  })
  const id = await uploadSlide(system, { name: 'a.svs', width: 1500, height: 1100 })
  await look(id)
  // What is told later than asked for: copies on the stage, the last events of the slide's way.
  await vi.waitFor(async () => {
    scraped = readScrape(await (await fetch(system.metricsUrl)).text())
    expect(scraped.series.has('coverslip_stage_copies_total')).toBe(true)
  }, 30_000)
})
afterAll(async () => {
  await system?.stop()
  await rm(data, { recursive: true, force: true })
})

/** As a viewer does: tiles, twice, and how long it took. */
async function look(id: string): Promise<void> {
  for (const tile of ['10/0_0', '10/0_0', '11/1_1']) await system.fetch(`/tiles/${id}/1_files/${tile}.jpeg`)
  const timings = ['first-view', 'viewport'].flatMap(what =>
    ['complete', 'left'].map(outcome => ({ what, outcome, milliseconds: 100, rendition: 'pyramid' })),
  )
  const headers = { 'content-type': 'application/json' }
  const told = await system.fetch('/api/viewer-timings', { method: 'POST', headers, body: JSON.stringify({ timings }) })
  expect(told.status).toBe(204)
}

test.each(dashboards.map(one => [one.title, one] as const))(
  'every query of the dashboard "%s" finds its metrics',
  (_, one) => {
    const queries = queriesOf(one)
    expect(queries.length).toBeGreaterThan(8)
    const problems = queries.flatMap(({ expr }) => problemsOf(expr, scraped).map(problem => `${problem} (${expr})`))
    expect(problems).toEqual([])
  },
)

test.each(alerts.map(rule => [rule.alert, rule] as const))(
  '%s finds its metrics, and has a paragraph of what to do',
  (alert, rule) => {
    expect(problemsOf(rule.expr, scraped)).toEqual([])
    expect(rule.for).toMatch(/^\d+[mh]$/)
    expect(['critical', 'warning']).toContain(rule.labels.severity)
    expect(rule.annotations.summary).toMatch(/^[A-Z].*\.$/)
    const paragraph = chart('ALERTS.md').split(`## ${alert}\n`)[1]?.split('\n## ')[0]?.trim()
    expect(paragraph?.length ?? 0).toBeGreaterThan(150)
  },
)

test('every paragraph of what to do has its alert, and no alert is there twice', () => {
  const told = [...chart('ALERTS.md').matchAll(/^## (\w+)$/gm)].map(([, name]) => name)
  expect(told.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted())
  expect(new Set(told).size).toBe(told.length)
})

test('a legend names labels that its query keeps', () => {
  for (const { expr, legend } of dashboards.flatMap(queriesOf)) {
    for (const [, label] of legend.matchAll(/\{\{(\w+)\}\}/g)) {
      expect(expr, `${legend} of ${expr}`).toMatch(new RegExp(`by \\([^)]*\\b${label}\\b`))
    }
  }
})

test('what the chart delivers is what is written here', () => {
  expect(outOfDate()).toEqual([])
})

test('each metric has a name that says its unit, and is told of in the README', () => {
  const names = [...scraped.types.keys()].filter(name => name.startsWith('coverslip_'))
  expect(names.length).toBeGreaterThan(20)
  const told = readFileSync(new URL('README.md', import.meta.url), 'utf8')
  expect(names.filter(name => !told.includes(`\`${name}\``))).toEqual([])
  for (const name of names) {
    const type = scraped.types.get(name)
    if (type === 'counter') expect(name).toMatch(/_total$/)
    if (type === 'histogram') expect(name).toMatch(/_seconds$/)
    if (type === 'gauge') expect(name).not.toMatch(/_total$/)
  }
})

test('a metric that nobody has, a label that it has not, and a gauge taken for a counter are found', () => {
  const wrong = {
    'rate(coverslip_tile_second_count[5m])': 'there is no metric coverslip_tile_second_count',
    'sum by (tier) (rate(coverslip_tile_seconds_count[5m]))': 'coverslip_tile_seconds_count has no label tier',
    'rate(coverslip_tile_seconds_count{coverslip_cache="disk"}[5m])':
      'coverslip_tile_seconds_count never has coverslip_cache="disk"',
    'rate(coverslip_pictures_waiting[5m])': 'coverslip_pictures_waiting is a gauge: it has no rate',
    'sum(coverslip_stage_reads_total)': 'coverslip_stage_reads_total is a counter: it wants rate',
  }
  for (const [query, problem] of Object.entries(wrong)) expect(problemsOf(query, scraped)).toEqual([problem])
})

/** Nothing failed, waits or moves there while it is looked at. */
const MAY_BE_EMPTY = /> 0$|failed_total|failures_total/

describe.skipIf(!prometheusProgram)(`Prometheus${prometheusProgram ? '' : ' (it is not on PATH)'}`, () => {
  let prometheus: Prometheus
  beforeAll(async () => {
    prometheus = await startPrometheus(system.metricsUrl)
    // A rate wants two scrapes with something between them.
    await vi.waitFor(async () => expect(await prometheus.count('coverslip_server_up')).toBeGreaterThan(0), 20_000)
    await look(await uploadSlide(system, { name: 'b.svs', width: 1400, height: 1100 }))
    await sleep(4000)
  })
  afterAll(() => prometheus?.stop())

  test('answers every query of the dashboards with something', async () => {
    for (const { expr } of dashboards.flatMap(queriesOf)) {
      const query = expr.replaceAll('$job', 'coverslip').replaceAll('$__rate_interval', '2m')
      const found = await prometheus.count(query)
      if (!MAY_BE_EMPTY.test(expr)) expect(found, query).toBeGreaterThan(0)
    }
  })

  test('takes every alert, and raises none while all is well', async () => {
    for (const { alert, expr } of alerts) {
      expect({ [alert]: await prometheus.count(expr.replaceAll('JOB', 'coverslip')) }).toEqual({ [alert]: 0 })
    }
  })

  test('raises the alert of a process that is away', async () => {
    const { expr } = alerts.find(({ alert }) => alert === 'CoverslipProcessAway')!
    await system.stop()
    await vi.waitFor(async () => expect(await prometheus.count(expr.replaceAll('JOB', 'coverslip'))).toBe(1), 20_000)
  })
})
