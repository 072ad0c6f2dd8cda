import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonical, parseRequest } from './request.ts'
import type { Version } from './version.ts'

const IMAGE = { width: 6000, height: 4000 }

function parse(path: string, version: Version = 3) {
  const [region, size, rotation, last] = path.split('/') as [string, string, string, string]
  const dot = last.lastIndexOf('.')
  const segments = { region, size, rotation, quality: last.slice(0, dot), format: last.slice(dot + 1) }
  return parseRequest(segments, IMAGE, version)
}
const region = (text: string, version: Version = 3) => parse(`${text}/max/0/default.jpg`, version).region
const size = (text: string, version: Version = 3, of = '0,0,1000,500') =>
  parse(`${of}/${text}/0/default.jpg`, version).size

test.each([
  ['full', { x: 0, y: 0, width: 6000, height: 4000 }],
  ['square', { x: 1000, y: 0, width: 4000, height: 4000 }],
  ['10,20,300,400', { x: 10, y: 20, width: 300, height: 400 }],
  ['5900,3900,300,400', { x: 5900, y: 3900, width: 100, height: 100 }],
  ['pct:10,20,50,25.5', { x: 600, y: 800, width: 3000, height: 1020 }],
  ['pct:0,0,0.001,0.001', { x: 0, y: 0, width: 1, height: 1 }],
])('region %s', (text, expected) => {
  expect(region(text)).toEqual(expected)
})

test.each([
  '',
  'all',
  '1,2,3',
  '1,2,3,4,5',
  '-1,0,10,10',
  '0,0,0,10',
  '6000,0,10,10',
  '0,4000,10,10',
  '1.5,0,10,10',
  'pct:0,0,0,10',
  'pct:100,0,10,10',
  'pct:a,0,10,10',
  'pct:1e1,0,10,10',
  '0x1,0,10,10',
])('region %j is refused', text => {
  expect(() => region(text)).toThrow('The region must be')
})

test.each([
  ['max', 3, [1000, 500]],
  ['max', 2, [1000, 500]],
  ['full', 2, [1000, 500]],
  ['500,', 3, [500, 250]],
  [',100', 3, [200, 100]],
  ['pct:10', 3, [100, 50]],
  ['pct:33.4', 3, [334, 167]],
  ['300,300', 3, [300, 300]],
  ['!300,300', 3, [300, 150]],
  ['^2000,', 3, [2000, 1000]],
  ['^,1000', 3, [2000, 1000]],
  ['^pct:200', 3, [2000, 1000]],
  ['^1500,1500', 3, [1500, 1500]],
  ['^!4000,1000', 3, [2000, 1000]],
  ['^max', 3, [1000, 500]],
  ['2000,', 2, [2000, 1000]],
  ['!9000,9000', 2, [4096, 2048]],
] as const)('size %s of version %d', (text, version, [width, height]) => {
  expect(size(text, version)).toEqual({ width, height })
})

test.each([
  ['full', 3],
  ['', 3],
  [',', 3],
  ['!,', 3],
  ['!300,', 3],
  ['0,', 3],
  ['0,0', 3],
  ['pct:0', 3],
  ['pct:', 3],
  ['pct:-5', 3],
  ['-5,', 3],
  ['1.5,', 3],
  ['1001,', 3],
  [',501', 3],
  ['pct:101', 3],
  ['1001,100', 3],
  ['!2000,3000', 3],
  ['^max', 2],
  ['^5000,', 3],
  ['^4096,4096', 3],
  ['5000,', 2],
] as const)('size %j of version %d is refused', (text, version) => {
  expect(() => size(text, version)).toThrow()
})

test('the whole slide as large as possible stays within the limits of info.json', () => {
  const { width, height } = size('max', 3, 'full')
  expect(width * height).toBeLessThanOrEqual(2 ** 23)
  expect(width / height).toBeCloseTo(1.5, 2)
})

test('rotation, quality and format', () => {
  expect(parse('full/max/!22.5/gray.png')).toMatchObject({
    mirror: true,
    rotation: 22.5,
    quality: 'grey',
    format: 'png',
  })
  expect(parse('full/max/360/color.webp')).toMatchObject({
    mirror: false,
    rotation: 0,
    quality: 'colour',
    format: 'webp',
  })
  for (const wrong of [
    '361/default.jpg',
    '-1/default.jpg',
    '!/default.jpg',
    'x/default.jpg',
    '0/native.jpg',
    '0/default.xyz',
    '0/toString.jpg',
    '0/default.constructor',
  ])
    expect(() => parse(`full/max/${wrong}`)).toThrow(expect.objectContaining({ code: 'invalid' }))
  expect(() => parse('full/max/0/default.jp2')).toThrow(expect.objectContaining({ name: 'NotImplementedError' }))
})

test.each([
  ['0,0,6000,4000/max/0/default.jpg', 3, 'full/max/0/default.jpg'],
  ['pct:0,0,100,100/full/360/color.jpg', 2, 'full/full/0/default.jpg'],
  ['0,0,1000,500/500,/!0/gray.png', 3, '0,0,1000,500/500,250/!0/gray.png'],
  ['0,0,1000,500/500,250/0/default.jpg', 2, '0,0,1000,500/500,/0/default.jpg'],
  ['0,0,1000,500/500,500/0/bitonal.jpg', 2, '0,0,1000,500/500,500/0/bitonal.jpg'],
  ['0,0,1000,500/^pct:200/90.0/default.jpg', 3, '0,0,1000,500/^2000,1000/90/default.jpg'],
  ['0,0,1000,500/1000,/0/default.avif', 3, '0,0,1000,500/max/0/default.avif'],
] as const)('the canonical form of %s (%d) is %s', (path, version, expected) => {
  expect(canonical(parse(path, version), IMAGE, version)).toBe(expected)
})

test('whatever is asked for, the canonical form asks for the same, and is its own', () => {
  const side = fc.integer({ min: 1, max: 4000 })
  const box = fc.tuple(fc.nat(5999), fc.nat(3999), side, side).map(parts => parts.join(','))
  const where = fc.oneof(fc.constantFrom('full', 'square'), box)
  const how = fc.oneof(
    fc.constant('max'),
    fc.integer({ min: 1, max: 600 }).map(n => `${n},`),
    fc.double({ min: 1, max: 100, noNaN: true }).map(n => `pct:${n.toFixed(2)}`),
  )
  fc.assert(
    fc.property(where, how, fc.constantFrom<Version>(2, 3), (where, how, version) => {
      let picture: ReturnType<typeof parse>
      try {
        picture = parse(`${where}/${how}/0/default.jpg`, version)
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid' })
        return
      }
      const path = canonical(picture, IMAGE, version)
      expect(parse(path, version)).toEqual(picture)
      expect(canonical(parse(path, version), IMAGE, version)).toBe(path)
    }),
  )
})
