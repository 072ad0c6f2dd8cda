import { expect, test } from 'vitest'
import { deepZoomLevel } from '../coordinates.ts'
import { endsOf, gradientOf, overlayTileUrl } from './looks.ts'

test.each([
  [100_000, 70_001],
  [256, 100],
  [257, 100],
  [90, 80],
])('tiles of a slide of %i x %i px lie over those of the slide', (width, height) => {
  const url = overlayTileUrl({ id: 's', width, height }, 'o', 'magma')
  const top = Math.ceil(Math.log2(width))
  for (let z = 0; ; z += 1) {
    const halvings = top - deepZoomLevel(width, height, z)
    expect(url(z, 3, 4)).toBe(`/tiles/s/overlays/o/${halvings}/3_4.png?palette=magma`)
    if (halvings === 0) break
  }
})

test('colours and numbers of the legend', () => {
  expect(gradientOf('grey')).toMatch(/^linear-gradient\(to right, #000000, #111111, .* #ffffff\)$/)
  expect(endsOf({ min: -0.10000000149, max: 1 / 3 })).toEqual(['-0.1', '0.333'])
  expect(endsOf({ min: 0, max: 65_535 })).toEqual(['0', '65500'])
})
