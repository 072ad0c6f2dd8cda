import { expect, test } from 'vitest'
import { acceptedAs } from './accept.ts'

test.each([
  [undefined, 'parts'],
  ['*/*', 'parts'],
  ['multipart/related', 'parts'],
  ['multipart/related; type="image/jpeg"', 'parts'],
  ['multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50', 'parts'],
  ['multipart/related;type="image/jp2", multipart/related;type="image/jpeg"', 'parts'],
  ['multipart/related; type="*/*"; transfer-syntax=*', 'parts'],
  ['image/jpeg', 'single'],
  ['image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50', 'single'],
  ['application/octet-stream', undefined],
  ['multipart/related; type="application/octet-stream"', undefined],
  ['multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.90', undefined],
  ['image/jp2', undefined],
])('%s is answered by %s', (accept, expected) => {
  expect(acceptedAs(accept)).toBe(expected)
})
