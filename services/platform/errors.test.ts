import { expect, test } from 'vitest'
import { toServiceError } from './errors.ts'

const withCode = (code: string) => Object.assign(new Error('DOE^JANE'), { code })

test.each([
  ['ENOSPC', 'storage-full', true],
  ['EDQUOT', 'storage-full', true],
  // PostgreSQL's disk_full, of PGlite as well.
  ['53100', 'storage-full', true],
  ['ECONNREFUSED', 'unavailable', true],
  ['EACCES', 'internal', false],
])('%s means %s', (code, meaning, retryable) => {
  expect(toServiceError(withCode(code))).toMatchObject({ code: meaning, retryable })
})

test('the message of a foreign error is not for the public', () => {
  expect(toServiceError(withCode('EACCES')).publicMessage).not.toContain('DOE')
  expect(toServiceError('DOE^JANE').publicMessage).not.toContain('DOE')
})
