import { expect, test } from 'vitest'
import { fingerprint } from './root-key.ts'
import { newKey, sealJson, unsealJson } from './seal.ts'

test('what is sealed opens with its key in its place, and nowhere else', () => {
  const key = newKey()
  const sealed = sealJson(key, { subject: 'Kim' }, 'lines/1')
  expect(unsealJson(key, sealed, 'lines/1')).toEqual({ subject: 'Kim' })
  expect(sealed.includes('Kim')).toBe(false)
  expect(() => unsealJson(newKey(), sealed, 'lines/1')).toThrow('does not open')
  expect(() => unsealJson(key, sealed, 'lines/2')).toThrow('does not open')
  const changed = Buffer.from(sealed)
  changed[20]! ^= 1
  expect(() => unsealJson(key, changed, 'lines/1')).toThrow('does not open')
  expect(() => unsealJson(key, sealed.subarray(0, 10), 'lines/1')).toThrow('cut off')
})

test('a fingerprint hangs on key, kind and every part', () => {
  const root = { index: newKey() }
  const print = fingerprint(root, 'file', 'a', 'bc')
  expect(fingerprint(root, 'file', 'a', 'bc')).toBe(print)
  for (const other of [
    fingerprint(root, 'file', 'ab', 'c'),
    fingerprint(root, 'subject', 'a', 'bc'),
    fingerprint({ index: newKey() }, 'file', 'a', 'bc'),
  ]) {
    expect(other).not.toBe(print)
  }
})
