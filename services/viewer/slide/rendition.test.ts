import { expect, test } from 'vitest'
import { readDescription } from './rendition.ts'

const xml = (tileSize: number) =>
  `<Image Format="jpeg" Overlap="0" TileSize="${tileSize}"><Size Width="300" Height="250"/></Image>`

test('tiles lie beside the description, at the address of the rendition', () => {
  const pyramid = readDescription('/tiles/abc/2.dzi', xml(256))
  expect(pyramid).toMatchObject({ original: false, tileSize: 256 })
  expect(pyramid.tileUrl(9, 1, 0)).toBe('/tiles/abc/2_files/9/1_0.jpeg')
})

test('an original has the tiles of the scanner', () => {
  expect(readDescription('/tiles/abc/2-original.dzi', xml(240))).toMatchObject({ original: true, tileSize: 240 })
})

test('what is no description is said', () => {
  expect(() => readDescription('/tiles/abc/2.dzi', '<html>')).toThrow('not understood')
})
