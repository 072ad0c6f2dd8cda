/** Keeps the tables of the READMEs that derive from contracts and settings; `--check` fails when one is out of date. */
import { readFileSync, writeFileSync } from 'node:fs'
import { config as access } from '@coverslip/access/config.ts'
import { config as annotations } from '@coverslip/annotations/config.ts'
import { config as deidentify } from '@coverslip/deidentify/config.ts'
import { config as publicGateway } from '@coverslip/gateway/public/config.ts'
import { config as ingest } from '@coverslip/ingest/config.ts'
import { configTable, type Settings } from '@coverslip/platform/config.ts'
import { platformSettings } from '@coverslip/platform/settings.ts'
import { type Arrow, flow } from '@coverslip/proto/flow.ts'
import { config as pyramid } from '@coverslip/pyramid/config.ts'
import { config as subjects } from '@coverslip/subjects/config.ts'
import { config as tiles } from '@coverslip/tiles/config.ts'
import { expectedTable } from '@coverslip/wsi/formats/expected.ts'

/** The flow as a Markdown table. */
function flowTable(): string {
  const rows = Object.entries(flow).map(([name, arrow]) => [
    `\`${name}\``,
    arrow.says,
    arrow.producers.join(', '),
    hearers(arrow),
    arrow.stream ?? '(not kept)',
    leaving(arrow),
  ])
  const head = ['event', 'says that', 'made by', 'acted on by', 'stream', 'may leave the site']
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

type Hearers = Pick<Arrow<unknown>, 'leaves' | 'consumers' | 'followers' | 'atHome'>

function leaving({ leaves, consumers, followers, atHome = [] }: Hearers): string {
  if (!leaves) return 'no'
  const staying = new Set(atHome)
  if ([...consumers, ...followers].every(name => staying.has(name))) return 'yes, but nobody there acts on it'
  return staying.size > 0 ? `yes; ${[...staying].join(', ')}: of its own site only` : 'yes'
}

/** Consumers act once on each event; followers, in brackets, hear it in every process. */
function hearers({ consumers, followers }: Pick<Arrow<unknown>, 'consumers' | 'followers'>): string {
  if (followers.length >= 10) return '(everyone)'
  return [...consumers, ...followers.map(name => `(${name})`)].join(', ')
}

/** @throws Error when the text has no place for the table */
function withTable(text: string, name: string, table: string): string {
  const [start, end] = [`<!-- ${name}: generated -->\n`, `\n<!-- /${name} -->`]
  const [before, rest] = text.split(start)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`a README has no place for the table "${name}"`)
  return `${before}${start}\n${table}\n${end}${after}`
}

/** Rooms with settings, by the READMEs that list them. */
const SETTINGS: Record<string, readonly Settings[]> = {
  'services/access': [access],
  'services/annotations': [annotations],
  'services/deidentify': [deidentify],
  'services/gateway': [publicGateway],
  'services/ingest': [ingest],
  'services/platform': [platformSettings],
  'services/pyramid': [pyramid],
  'services/subjects': [subjects],
  'services/tiles': [tiles],
}

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/** Every README with its tables as they should be. */
function freshReadmes(): [path: string, fresh: string][] {
  const ofRooms = Object.entries(SETTINGS).map(([room, settings]): [string, string] => {
    const path = `${room}/README.md`
    return [path, withTable(read(path), 'settings', configTable(Object.assign({}, ...settings)))]
  })
  const wsi = 'services/wsi/README.md'
  return [
    ['README.md', withTable(read('README.md'), 'flow', flowTable())],
    [wsi, withTable(read(wsi), 'formats', expectedTable())],
    ...ofRooms,
  ]
}

if (import.meta.main) {
  for (const [path, fresh] of freshReadmes()) {
    if (!process.argv.includes('--check')) writeFileSync(new URL(`../${path}`, import.meta.url), fresh)
    else if (fresh !== read(path)) {
      process.stderr.write(`${path} is out of date: npm run gen\n`)
      process.exitCode = 1
    }
  }
}
