/** Errors outside of tests and in what prepares them fail a run, but vitest's JSON report does not tell them: kept for ci-report.ts. */
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

export const ERRORS_FILE = new URL('../.cache/errors.json', import.meta.url)

export default class ErrorsReporter implements Reporter {
  onTestRunEnd(...[modules, errors]: Parameters<NonNullable<Reporter['onTestRunEnd']>>): void {
    const told = [...errors, ...modules.flatMap(errorsOf)].map(
      ({ name, message, stack }) => stack ?? `${name}: ${message}`,
    )
    mkdirSync(new URL('.', ERRORS_FILE), { recursive: true })
    writeFileSync(ERRORS_FILE, JSON.stringify(told))
  }
}

/** Of `beforeAll` and `afterAll`. */
const errorsOf = (module: TestModule) => [...module.children.allSuites()].flatMap(suite => suite.errors())
