import { expect, test } from 'vitest'
import { type Report, summarize } from './ci-report.ts'

const file = (status: string, ...tests: [status: string, fullName: string][]): Report['testResults'][number] => ({
  name: 'a.test.ts',
  status,
  assertionResults: tests.map(([status, fullName]) => ({ status, fullName })),
})
const one = file('passed', ['passed', 'a'], ['passed', 'b'])
const checks = ['lint=passed', 'types=passed']

test('tests and checks are counted together', () => {
  expect(summarize({ testResults: [one] }, 0, true, checks)).toMatchObject({ passed: 4, failed: 0 })
  expect(summarize({ testResults: [one] }, 0, true, ['lint=failed'])).toMatchObject({ passed: 2, failed: 1 })
  expect(summarize({ testResults: [file('failed', ['failed', 'a'])] }, 1, true, [])).toMatchObject({
    failed: 1,
    failures: ['a'],
  })
})

test('a file that does not load, an error outside of tests, and no report at all are failures', () => {
  expect(summarize({ testResults: [one, file('failed')] }, 1, true, [])).toMatchObject({ passed: 2, failed: 1 })
  const unprepared = file('failed', ['passed', 'a'], ['skipped', 'b'], ['skipped', 'c'])
  expect(summarize({ testResults: [unprepared] }, 1, true, [])).toMatchObject({ passed: 1, failed: 1, skipped: [] })
  expect(summarize({ testResults: [one] }, 1, true, [])).toMatchObject({ passed: 2, failed: 1 })
  expect(summarize(undefined, 2, true, checks)).toMatchObject({ passed: 2, failed: 1 })
})

test('a test is skipped only where what it needs is missing, and its title says so', () => {
  const excused = file('passed', ['skipped', 'reads CMU-1 (skipped: ../shared/data is missing)'])
  const s3 = file('passed', ['pending', 'S3 (no S3 server: versitygw is neither on PATH nor in …)'])
  const silent = file('passed', ['skipped', 'flaky'])
  expect(summarize({ testResults: [excused, s3, silent] }, 0, false, [])).toMatchObject({
    failed: 1,
    unexpected: ['flaky'],
  })
  expect(summarize({ testResults: [excused, s3] }, 0, true, [])).toMatchObject({ failed: 2 })
})
