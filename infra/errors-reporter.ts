/** Errors outside of any test fail a run, but vitest's JSON report does not tell them: they are kept for ci-report.ts. */
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Reporter } from 'vitest/node'

export const ERRORS_FILE = new URL('../.cache/errors.json', import.meta.url)

export default class ErrorsReporter implements Reporter {
  onTestRunEnd(...[, errors]: Parameters<NonNullable<Reporter['onTestRunEnd']>>): void {
    const told = errors.map(({ name, message, stack }) => stack ?? `${name}: ${message}`)
    mkdirSync(new URL('.', ERRORS_FILE), { recursive: true })
    writeFileSync(ERRORS_FILE, JSON.stringify(told))
  }
}
