import { expect, test } from 'vitest'
import { type Report, summarize, tellFailures } from './ci-report.ts'

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
    failures: [{ title: 'a', reason: 'did not run' }],
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

test('failures are told by their reason, each with its first tests', () => {
  const said = (fullName: string, ...failureMessages: string[]) => ({ status: 'failed', fullName, failureMessages })
  const report: Report = {
    testResults: [
      {
        name: 'a.test.ts',
        status: 'failed',
        assertionResults: [
          said('a', 'Error: fetch failed\n    at here'),
          said('b', 'AssertionError: expected 1 to be 2'),
          said('c', 'Error: fetch failed\n    at there'),
          said('d', 'Error: fetch failed'),
        ],
      },
      { name: 'b.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
    ],
  }
  expect(tellFailures(summarize(report, 1, true, []).failures, 2)).toEqual([
    'FAILED: a',
    'FAILED: c',
    '  and 1 more',
    '  Error: fetch failed',
    'FAILED: b',
    '  AssertionError: expected 1 to be 2',
    'FAILED: b.test.ts',
    '  no such module',
  ])
})
