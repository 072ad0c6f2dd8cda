import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { placeOf, reached } from './prune.ts'

const lock = {
  '': { optionalDependencies: { node: '1' } },
  'services/tiles': { dependencies: { a: '1' } },
  'services/viewer': { dependencies: { big: '1' } },
  'node_modules/node': {},
  'node_modules/a': { dependencies: { b: '2' } },
  'node_modules/a/node_modules/b': { dependencies: { c: '1' } },
  'node_modules/b': {},
  'node_modules/c': { peerDependencies: { '@d/e': '1' } },
  'node_modules/@d/e': {},
  'node_modules/big': {},
}

test('a package is found where Node finds it', () => {
  expect(placeOf(lock, 'b', 'node_modules/a')).toBe('node_modules/a/node_modules/b')
  expect(placeOf(lock, 'c', 'node_modules/a/node_modules/b')).toBe('node_modules/c')
  expect(placeOf(lock, 'a', 'services/tiles')).toBe('node_modules/a')
  expect(placeOf(lock, 'b', '')).toBe('node_modules/b')
  expect(placeOf(lock, 'missing', 'node_modules/@d/e')).toBeUndefined()
})

test('what no wanted workspace needs is not reached', () => {
  const kept = reached(lock, ['', 'services/tiles'])
  expect([...kept].sort()).toEqual(
    [
      '',
      'node_modules/@d/e',
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/c',
      'node_modules/node',
      'services/tiles',
    ].sort(),
  )
})

test('a package that is never imported is left out, and what only it needs', () => {
  expect([...reached(lock, ['services/tiles'], ['b'])].sort()).toEqual(['node_modules/a', 'services/tiles'])
})

test('of our own lock file the tile service needs libvips and nothing of the viewer or the tests', () => {
  const ours = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')).packages
  const kept = reached(ours, ['', 'proto', 'services/platform', 'services/wsi', 'services/tiles'])
  expect(kept).toContain('node_modules/sharp')
  expect(kept).toContain('node_modules/@img/sharp-libvips-linux-x64')
  expect(kept).toContain('node_modules/@img/sharp-libvips-linux-arm64')
  for (const name of ['ol', 'vite', 'playwright-core', 'vitest']) expect(kept).not.toContain(`node_modules/${name}`)
})
