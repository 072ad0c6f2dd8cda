/**
 * Writes the dashboards as the chart delivers them: charts/coverslip/files/dashboards/NAME.json. `--check` fails when they
 * are out of date.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dashboards } from './dashboards.ts'
import { grafanaJson } from './grafana.ts'

const folder = new URL('../../charts/coverslip/files/dashboards/', import.meta.url)

export const files = (): Map<string, string> => new Map(dashboards.map(one => [`${one.name}.json`, grafanaJson(one)]))

/** Names of files that are missing, different, or there without a dashboard. */
export function outOfDate(): string[] {
  const wanted = files()
  const there = readdirSync(folder)
  const stale = there.filter(name => !wanted.has(name))
  const old = [...wanted].filter(
    ([name, text]) => !there.includes(name) || readFileSync(new URL(name, folder), 'utf8') !== text,
  )
  return [...stale, ...old.map(([name]) => name)]
}

function write(): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of files()) writeFileSync(new URL(name, folder), text)
}

if (import.meta.main) {
  if (!process.argv.includes('--check')) write()
  else if (outOfDate().length > 0) {
    process.stderr.write(`the dashboards are out of date (${outOfDate().join(', ')}): npm run gen\n`)
    process.exitCode = 1
  }
}
