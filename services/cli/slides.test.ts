import type { Slide } from '@coverslip/proto/api.ts'
import { expect, test } from 'vitest'
import { slideFacts, slideTable } from './slides.ts'

const named = (name: string, more: Partial<Slide> = {}): Slide =>
  ({
    id: '5c1d1f0e-93a7-4a55-b0de-6f6f0b6f9c21',
    name,
    state: 'ready',
    progress: 1,
    width: 46_000,
    height: 32_914,
    objectivePower: 40,
    sizes: { source: 177_000_000, original: null, pyramid: 42_000_000 },
    createdAt: '2026-11-22T10:30:00.000Z',
    ...more,
  }) as Slide

test('columns stand below each other, whatever the length of a name', () => {
  const release = 'C1-DEFA-7K3QX9-HE-X-4TZW'
  const lines = slideTable([named('S-000001'), named(release, { state: 'tiling', progress: 0.5 }), named('S-2')])
  const [heading] = lines as [string]
  const columns = ['NAME', 'STATE', 'PIXELS', 'MAGNIFICATION', 'SIZE', 'ADDED'].map(name => heading.indexOf(name))
  for (const line of lines) {
    for (const at of columns) expect(line.slice(at - 2, at + 1)).toMatch(/^ {2}\S$/)
  }
  expect(lines[2]).toContain(`  ${release}  tiling 50 %  46000 x 32914  40x `)
  expect(lines[1]).toMatch(/ 42 MB {2,}2026-11-22 10:30$/)
})

test('a column is no wider than its longest cell', () => {
  expect(slideTable([named('S-000001')])[0]).toMatch(/^ID {36}NAME {6}STATE {2}PIXELS/)
})

test('a resolution is told as exactly as scanners are calibrated', () => {
  const mpp = { mpp: 3.19, mppX: 3.194888178913738, mppY: 0.25, levels: [] as Slide['levels'] }
  expect(slideFacts(named('S-1', mpp))).toContain('resolution  3.1949 x 0.25 µm per pixel')
})
