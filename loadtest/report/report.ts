/** The report of a load test: Markdown, with plots beside it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { plotBars, plotLines } from './plot.ts'
import type { Sample } from './samples.ts'
import type { Outcome, Times } from './summary.ts'

export interface Measured {
  outcome: Outcome
  /** Of the process that serves tiles; empty when it runs elsewhere. */
  samples: Sample[]
}

/** Writes `report.md` and its plots into the folder. @returns the path of the report */
export async function writeReport(folder: string, about: string, runs: Measured[]): Promise<string> {
  await mkdir(folder, { recursive: true })
  const plots = plotsOf(runs)
  for (const [name, svg] of Object.entries(plots)) await writeFile(join(folder, name), svg)
  const path = join(folder, 'report.md')
  await writeFile(path, markdown(about, runs, Object.keys(plots)))
  return path
}

/** The report's text. */
function markdown(about: string, runs: Measured[], plots: string[]): string {
  const missed = runs.flatMap(({ outcome }) =>
    Object.entries(outcome.thresholds).flatMap(([threshold, ok]) =>
      ok ? [] : [`- ${outcome.scenario}: ${threshold}`],
    ),
  )
  return [
    '# Load test',
    '',
    about,
    '',
    '| scenario | first full view p50 / p95 | screen complete p50 / p95 / p99 | tile p50 / p99 | drawing saved p50 / p95 | sent again | tiles/s | given up | errors | CPU | peak MiB |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...runs.map(row),
    '',
    'Times are milliseconds, as the reader’s side sees them. "Sent again" are drawings that were not taken at first, "given up" tiles that a reader no longer waited for.',
    '',
    missed.length === 0 ? 'Every threshold was kept.' : `Missed thresholds:\n\n${missed.join('\n')}`,
    '',
    ...plots.map(name => `![${name.replace('.svg', '')}](${name})`),
    '',
  ].join('\n')
}

function row({ outcome, samples }: Measured): string {
  const { firstFullView, viewportComplete, tile, annotationSaved } = outcome
  const [first, last] = [samples[0], samples.at(-1)]
  const cpu =
    first && last && last.at > first.at ? (last.cpuSeconds - first.cpuSeconds) / (last.at - first.at) : undefined
  const cells = [
    outcome.scenario,
    times(firstFullView, ['p50', 'p95']),
    times(viewportComplete, ['p50', 'p95', 'p99']),
    times(tile, ['p50', 'p99']),
    times(annotationSaved, ['p50', 'p95']),
    String(outcome.annotationsSentAgain),
    outcome.tilesPerSecond.toFixed(0),
    String(outcome.tilesGivenUp),
    `${(outcome.errors * 100).toFixed(outcome.errors > 0 ? 2 : 0)} %`,
    cpu === undefined ? '' : `${(cpu * 100).toFixed(0)} %`,
    samples.length === 0 ? '' : Math.max(...samples.map(({ mebibytes }) => mebibytes)).toFixed(0),
  ]
  return `| ${cells.join(' | ')} |`
}

const times = (measured: Times | null, which: (keyof Times)[]): string =>
  measured ? which.map(name => measured[name].toFixed(0)).join(' / ') : 'none'

function plotsOf(runs: Measured[]): Record<string, string> {
  const p95 = (of: 'firstFullView' | 'viewportComplete') =>
    runs.flatMap(({ outcome }) => (outcome[of] ? [{ label: outcome.scenario, value: outcome[of].p95 }] : []))
  const watched = runs.filter(({ samples }) => samples.length > 1)
  return {
    'first-full-view.svg': plotBars(
      'First full view, p95',
      'ms',
      p95('firstFullView').map(bar => ({ ...bar, limit: 1000 })),
    ),
    'screen-complete.svg': plotBars(
      'Screen complete, p95',
      'ms',
      p95('viewportComplete').map(bar => ({ ...bar, limit: 150 })),
    ),
    ...Object.fromEntries(
      watched.map(({ outcome, samples }) => [
        `memory-${outcome.scenario}.svg`,
        plotLines(`${outcome.scenario}: memory`, 'MiB', [
          { label: 'resident', points: samples.map(({ at, mebibytes }) => ({ x: at, y: mebibytes })) },
        ]),
      ]),
    ),
  }
}
