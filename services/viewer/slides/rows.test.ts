import type { IntakeSlide, Slide } from '@coverslip/proto/api.ts'
import { describe, expect, it } from 'vitest'
import { isMoving, mergeRows, nextLook, projectsOf, reasonsOf } from './rows.ts'

const slide = (id: string, at: string, state: Slide['state'] = 'ready'): Slide => ({
  id,
  project: 'default',
  name: `S-${id}`,
  state,
  progress: 0.5,
  secondsLeft: null,
  reason: null,
  width: 1,
  height: 1,
  mpp: null,
  mppX: null,
  mppY: null,
  objectivePower: null,
  levels: [],
  format: 'aperio',
  revision: 1,
  sizes: { source: 1, original: null, pyramid: null },
  subject: null,
  case: null,
  specimen: null,
  block: null,
  glass: null,
  createdAt: at,
  changedAt: at,
})
const intake = (id: string, at: string, state: IntakeSlide['state']): IntakeSlide => ({
  id,
  project: 'default',
  sourceName: `source-${id}.svs`,
  researchNumber: null,
  releaseName: null,
  annotationFiles: 0,
  state,
  progress: 0.1,
  code: null,
  reason: state === 'failed' ? 'not a slide' : null,
  sourceBytes: 1,
  format: null,
  receivedAt: at,
  changedAt: at,
})

describe('merge', () => {
  it('makes one row of a slide that both lists know', () => {
    const rows = mergeRows([slide('a', '2026-01-02', 'tiling')], [intake('a', '2026-01-01', 'tiling')], '')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ name: 'S-a', sourceName: 'source-a.svs', tone: 'moving', progress: 0.5 })
  })
  it('shows what only intake knows, newest first, with its reason', () => {
    const rows = mergeRows(
      [slide('a', '2026-01-02')],
      [intake('b', '2026-01-03', 'failed'), intake('c', '2026-01-01', 'received')],
      '',
    )
    expect(rows.map(row => row.id)).toEqual(['b', 'a', 'c'])
    expect(rows[0]).toMatchObject({ tone: 'bad', reason: 'not a slide', slide: null })
  })
  it('leaves out what is ready on another page, and what the search does not mean', () => {
    const some = [intake('b', '2026-01-03', 'ready'), intake('c', '2026-01-01', 'received')]
    expect(mergeRows([], some, '').map(row => row.id)).toEqual(['c'])
    expect(mergeRows([], some, 'SOURCE-C')).toHaveLength(1)
    expect(mergeRows([], some, 'other')).toHaveLength(0)
  })
})

describe('looking again', () => {
  it('is quick while something moves and calms down afterwards', () => {
    expect(isMoving(mergeRows([], [intake('c', '1', 'deidentifying')], ''))).toBe(true)
    expect(nextLook(true, 9)).toBe(1000)
    expect([0, 1, 2, 99].map(quiet => nextLook(false, quiet))).toEqual([2000, 4000, 8000, 30_000])
  })
})

describe('what a row tells', () => {
  it('of a held slide each rule by itself, of a failed one its sentence', () => {
    const held = { reason: 'consent: unknown; information: not known: organ', intake: intake('a', '2026', 'held') }
    expect(reasonsOf(held)).toEqual(['consent: unknown', 'information: not known: organ'])
    const failed = { reason: 'cut off; send it again', intake: intake('b', '2026', 'failed') }
    expect(reasonsOf(failed)).toEqual(['cut off; send it again'])
    expect(reasonsOf({ reason: null, intake: null })).toEqual([])
  })

  it('projects: of a role everywhere those that are shown, of other roles those that they name', () => {
    const rows = mergeRows([], [{ ...intake('a', '2026', 'review'), project: 'liver' }], '')
    expect(projectsOf({ '*': 'owner' }, rows)).toEqual(['default', 'liver'])
    expect(projectsOf({ kidney: 'steward' }, rows)).toEqual(['kidney'])
  })
})
