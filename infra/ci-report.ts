/** The end of a check run: which tests were skipped and why, which checks failed, and the count of all. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ERRORS_FILE } from './errors-reporter.ts'

/** What is read of vitest's JSON report. */
export interface Report {
  testResults: {
    name: string
    status: string
    message?: string
    assertionResults: { status: string; fullName: string; failureMessages?: string[] }[]
  }[]
}

export interface Failure {
  title: string
  /** The first line of what the test said. */
  reason: string
}

export interface Summary {
  passed: number
  failed: number
  /** The tests that failed, and files that could not be run. */
  failures: Failure[]
  skipped: string[]
  /** Skipped without an excuse: these count as failed too. */
  unexpected: string[]
}

/** What may be missing where ../shared is: its slides, and the S3 server that it brings. */
const EXCUSED = /\.\.\/shared|versitygw/

/**
 * @param report undefined when the run ended before any test did
 * @param exitCode of the test command, which also fails for errors outside of tests
 * @param sharedThere whether ../shared is there; then nothing may be skipped
 * @param checks `name=passed` or `name=failed`, each counted as one test
 */
export function summarize(
  report: Report | undefined,
  exitCode: number,
  sharedThere: boolean,
  checks: readonly string[],
): Summary {
  const files = report?.testResults ?? []
  const tests = files.flatMap(file => file.assertionResults)
  const ran = (status: string): boolean => status === 'passed' || status === 'failed'
  // Where a file fails, vitest calls the tests that it never came to skipped as well.
  const complete = files.filter(({ status }) => status === 'passed').flatMap(file => file.assertionResults)
  const skipped = complete.filter(({ status }) => !ran(status)).map(({ fullName }) => fullName)
  const unexpected = skipped.filter(title => sharedThere || !EXCUSED.test(title))
  // A file that cannot be loaded, or whose preparation fails, has no failed test.
  const broken = files.filter(
    one => one.status !== 'passed' && !one.assertionResults.some(({ status }) => status === 'failed'),
  )
  const failures = [
    ...tests
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => ({ title: fullName, reason: firstLine(failureMessages?.[0]) })),
    ...broken.map(({ name, message }) => ({ title: name, reason: firstLine(message) })),
  ]
  const failed = failures.length + unexpected.length
  const untold = exitCode !== 0 && failed === 0 ? 1 : 0
  const failedChecks = checks.filter(check => check.endsWith('=failed')).length
  return {
    passed: tests.filter(({ status }) => status === 'passed').length + checks.length - failedChecks,
    failed: failed + untold + failedChecks,
    failures,
    skipped,
    unexpected,
  }
}

function firstLine(message = ''): string {
  return message.split('\n', 1)[0]!.slice(0, 300) || 'did not run'
}

/**
 * Lines that tell failures by their reason, for whoever sees no more than the end of a log: one cause often fails hundreds of
 * tests. The tests' own output above has all of them.
 */
export function tellFailures(failures: readonly Failure[], titlesEach = 3): string[] {
  return [...Map.groupBy(failures, ({ reason }) => reason)].flatMap(([reason, alike]) => [
    ...alike.slice(0, titlesEach).map(({ title }) => `FAILED: ${title}`),
    ...(alike.length > titlesEach ? [`  and ${alike.length - titlesEach} more`] : []),
    `  ${reason}`,
  ])
}

if (import.meta.main) {
  const [exitCode, ...checks] = process.argv.slice(2)
  const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
  const file = at('.cache/vitest.json')
  const report = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : undefined
  const sharedThere = existsSync(`${process.env.COVERSLIP_SHARED ?? at('../shared')}/data`)
  const { passed, failed, failures, skipped, unexpected } = summarize(report, Number(exitCode), sharedThere, checks)
  const errors = existsSync(ERRORS_FILE) ? (JSON.parse(readFileSync(ERRORS_FILE, 'utf8')) as string[]) : []
  const say = (text: string): boolean => process.stdout.write(`${text}\n`)
  say('')
  for (const title of skipped) say(`skipped${unexpected.includes(title) ? ' without an excuse' : ''}: ${title}`)
  for (const line of tellFailures(failures)) say(line)
  for (const error of errors) say(`outside of any test: ${error}`)
  if (Number(exitCode) !== 0) say(`FAILED: npm test (exit code ${exitCode})`)
  for (const check of checks) if (check.endsWith('=failed')) say(`FAILED: ${check.slice(0, -'=failed'.length)}`)
  say(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}
