import { expect, test } from 'vitest'
import { type Arrow, flow } from './flow.ts'
import { crossings } from './sites.ts'

const events = (from: string, to: string): string[] =>
  crossings(from, to)
    .map(({ event }) => event)
    .sort()

test('to the cloud goes what somebody there acts on, once it is de-identified', () => {
  expect(events('onprem', 'cloud')).toEqual([
    'access.revoked',
    'pyramid.progress',
    'slides.annotated',
    'slides.deidentified',
    'slides.deleted',
    'slides.tiled',
    'slides.tiling_failed',
  ])
})

test('back come deletions, their receipts, and what the cloud has built', () => {
  expect(events('cloud', 'onprem')).toEqual([
    'access.revoked',
    'pyramid.progress',
    'slides.deleted',
    'slides.erased',
    'slides.tiled',
    'slides.tiling_failed',
  ])
})

test('an event that may not leave never crosses, whatever the sites are called', () => {
  const kept = Object.entries(flow as unknown as Record<string, Arrow<unknown>>).filter(([, { leaves }]) => !leaves)
  expect(kept.length).toBeGreaterThan(5)
  for (const [from, to] of [
    ['onprem', 'cloud'],
    ['north', 'cloud'],
    ['north', 'south'],
    ['cloud', 'north'],
  ] as const) {
    for (const [name] of kept) expect(events(from, to)).not.toContain(name)
  }
})

test('subjects carry the site where the event is made', () => {
  expect(crossings('north', 'cloud').every(({ subject }) => /^[a-z]+\.north\.[a-z_]+$/.test(subject))).toBe(true)
})
