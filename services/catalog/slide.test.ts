import { SlideDeidentified, SlideFailed, SlideTiled } from '@coverslip/proto/gen/events/v1/events.ts'
import { Rendition } from '@coverslip/proto/gen/slides/v1/slides.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deidentified, type Slide, tiled, tilingFailed, unseenSlide, withdrawn } from './slide.ts'

const ID = 'f5a3b6b0-3d43-4a5c-9d4e-0a6b6d1f7c11'
const geometry = (width: number) => ({ width, height: 10, levels: [{ width, height: 10 }] })

const isDeidentified = (revision: number) =>
  SlideDeidentified.fromPartial({
    slideId: ID,
    revision,
    project: 'default',
    rendition: Rendition.ORIGINAL,
    file: { bytes: 700n },
    format: 'aperio',
    geometry: geometry(revision),
    pseudonyms: { subject: `subject-${revision}` },
    sourceBytes: 900n,
    reportJson: `{"revision":${revision}}`,
  })
const isTiled = (revision: number) =>
  SlideTiled.fromPartial({
    slideId: ID,
    revision,
    project: 'default',
    pyramid: { bytes: 80n },
    geometry: geometry(revision),
  })
const isFailed = (revision: number) =>
  SlideFailed.fromPartial({ slideId: ID, revision, stage: 'tiling', reason: 'The level cannot be decoded' })

type Step = (slide: Slide) => Partial<Slide> | undefined
const steps: Record<string, Step> = {
  deidentified1: slide => deidentified(slide, isDeidentified(1)),
  tiled1: slide => tiled(slide, isTiled(1)),
  failed1: slide => tilingFailed(slide, isFailed(1)),
  deidentified2: slide => deidentified(slide, isDeidentified(2)),
  tiled2: slide => tiled(slide, isTiled(2)),
}
const start = unseenSlide(ID, 'S-00000000', new Date(0))
const after = (names: readonly string[]): Slide => {
  let slide = start
  for (const name of names) slide = { ...slide, ...steps[name]!(slide) }
  return slide
}

describe('a slide of the catalog', () => {
  it('is shown with its description once it is de-identified', () => {
    expect(after(['deidentified1'])).toMatchObject({
      project: 'default',
      state: 'tiling',
      revision: 1,
      format: 'aperio',
      sourceBytes: 900,
      originalBytes: 700,
      pyramidBytes: 0,
      geometry: geometry(1),
    })
  })

  it('has the name that it was released under, and keeps it', () => {
    const release = {
      name: 'C1-DEFA-7K3M9QX2A-HE-0-4F7T',
      scheme: 'C1/0',
      owner: 'somebody',
      at: '2026-01-01T00:00:00Z',
    }
    const named = { ...start, ...deidentified(start, { ...isDeidentified(1), release }) }
    expect(named.name).toBe(release.name)
    expect({ ...named, ...tiled(named, isTiled(1)) }.name).toBe(release.name)
    expect(after(['deidentified1']).name).toBe(start.name)
  })

  it('knows the pyramid from the start when de-identification made it', () => {
    const event = { ...isDeidentified(1), rendition: Rendition.PYRAMID }
    expect(deidentified(start, event)).toMatchObject({ originalBytes: 0, pyramidBytes: 700 })
  })

  it.each([
    ['ready', ['deidentified1', 'tiled1']],
    ['ready', ['deidentified1', 'failed1', 'tiled1']],
    ['ready', ['deidentified1', 'tiled1', 'failed1']],
    ['failed', ['deidentified1', 'failed1']],
    ['tiling', ['deidentified1', 'tiled1', 'deidentified2']],
  ])('is %s after %j', (state, names) => {
    expect(after(names).state).toBe(state)
  })

  it('stays hidden while only a failure of it is known', () => {
    expect(after(['failed1']).project).toBeNull()
    expect(after(['failed1', 'deidentified1'])).toMatchObject({ project: 'default', state: 'failed' })
  })

  it('is the same slide in whatever order events come, and however often', () => {
    const history = ['deidentified1', 'failed1', 'tiled1', 'deidentified2', 'tiled2']
    const anyOrder = fc
      .tuple(fc.shuffledSubarray(history, { minLength: 5 }), fc.array(fc.constantFrom(...history), { maxLength: 6 }))
      .map(([once, again]) => [...once, ...again])
    const expected = after(history)
    fc.assert(
      fc.property(anyOrder, names => {
        expect(after(names)).toEqual(expected)
      }),
    )
  })

  it('is withdrawn for good, and keeps nothing of the case', () => {
    const before = after(['deidentified1', 'tiled1'])
    const gone = { ...before, ...withdrawn({ ...before, name: 'C1-7K3M9QX2A' }, 'S-00000000') }
    expect(gone).toMatchObject({ state: 'withdrawn', name: 'S-00000000', reportJson: null, pyramidBytes: 0 })
    expect(gone.pseudonyms.subject).toBe('')
    for (const step of Object.values(steps)) expect(step(gone)).toBeUndefined()
    expect(withdrawn(gone, 'S-11111111')).toBeUndefined()
  })
})
