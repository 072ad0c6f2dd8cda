/** Keeps the tables of the README that derive from the contracts; `--check` fails when one is out of date. */
import { readFileSync, writeFileSync } from 'node:fs'
import { type Arrow, flow } from '@coverslip/proto/flow.ts'

const path = new URL('../README.md', import.meta.url)

/** The flow as a Markdown table. */
export function flowTable(): string {
  const rows = Object.entries(flow).map(([name, arrow]) => [
    `\`${name}\``,
    arrow.says,
    arrow.producers.join(', '),
    hearers(arrow),
    arrow.stream ?? '(not kept)',
    arrow.leaves ? 'yes' : 'no',
  ])
  const head = ['event', 'says that', 'made by', 'acted on by', 'stream', 'leaves the site']
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

/** Consumers act once on each event; followers, in brackets, hear it in every process. */
function hearers({ consumers, followers }: Pick<Arrow<unknown>, 'consumers' | 'followers'>): string {
  if (followers.length >= 9) return '(everyone)'
  return [...consumers, ...followers.map(name => `(${name})`)].join(', ')
}

/** @throws Error when the text has no place for the table */
export function withTable(text: string, name: string, table: string): string {
  const [start, end] = [`<!-- ${name}: generated -->\n`, `\n<!-- /${name} -->`]
  const [before, rest] = text.split(start)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`README.md has no place for the table "${name}"`)
  return `${before}${start}\n${table}\n${end}${after}`
}

if (import.meta.main) {
  const text = readFileSync(path, 'utf8')
  const fresh = withTable(text, 'flow', flowTable())
  if (!process.argv.includes('--check')) writeFileSync(path, fresh)
  else if (fresh !== text) {
    process.stderr.write('README.md is out of date: npm run gen\n')
    process.exitCode = 1
  }
}
