/**
 * Checks the chart without a cluster: lint, a matrix of values, refusals, schemas, rules, golden texts.
 *
 *   node infra/chart-check.ts            what fails is told, and the exit code is 1
 *   node infra/chart-check.ts --update   writes the golden texts anew
 */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { goldenOf, type KubeObject, problemsOf } from './chart/rules.ts'
import { KUBERNETES, schemaFolder } from './chart/schemas.ts'

const CHART = new URL('../charts/coverslip', import.meta.url).pathname
const CI = join(CHART, 'ci')
const CACHE = new URL('../.cache', import.meta.url).pathname
const update = process.argv.includes('--update')
const failures: string[] = []
let checks = 0

interface Ran {
  code: number
  out: string
}

/** Runs a program; `input` goes to its standard input. */
async function ran(file: string, args: string[], input = ''): Promise<Ran> {
  const running = promisify(execFile)(file, args, { maxBuffer: 1 << 26 })
  running.child.stdin?.end(input)
  return running.then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout || stderr }),
    ({ code, stdout, stderr }) => ({ code: typeof code === 'number' ? code : 127, out: `${stdout}${stderr}` }),
  )
}

const has = async (program: string, ...args: string[]): Promise<boolean> => (await ran(program, args)).code !== 127

function expect(holds: boolean, says: string): void {
  checks += 1
  if (!holds) failures.push(says)
}

const skip = (what: string, why: string): void => console.log(`skipped: ${what}: ${why}`)
const yamls = (folder: string): string[] => readdirSync(folder).filter(name => name.endsWith('.yaml'))
const template = (file: string): Promise<Ran> =>
  ran('helm', ['template', 'slides', CHART, '--namespace', 'coverslip', '--kube-version', KUBERNETES, '-f', file])

async function checkCase(name: string, tools: { schemas: string | undefined; score: boolean }): Promise<void> {
  const { code, out } = await template(join(CI, name))
  expect(code === 0, `${name}: does not render: ${out.slice(0, 600)}`)
  if (code !== 0) return
  const objects = parseAllDocuments(out).flatMap(document => (document.toJS() as KubeObject | null) ?? [])
  const problems = problemsOf(objects)
  expect(problems.length === 0, `${name}:\n  ${problems.join('\n  ')}`)
  checkGolden(name, objects)
  if (tools.schemas) await checkSchemas(name, out, tools.schemas)
  if (tools.score) await checkScore(name, out)
}

function checkGolden(name: string, objects: KubeObject[]): void {
  const file = join(CI, 'golden', `${basename(name, '.yaml')}.txt`)
  const golden = goldenOf(objects)
  if (update) writeFileSync(file, golden)
  const known = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const [was, is] = [known, golden].map(text => new Set(text.split('\n')))
  const gone = [...was!].filter(line => !is!.has(line)).map(line => `- ${line}`)
  const came = [...is!].filter(line => !was!.has(line)).map(line => `+ ${line}`)
  const says = `${name}: other than charts/coverslip/ci/golden (node infra/chart-check.ts --update, when that is meant)`
  expect(known === golden, `${says}\n  ${[...gone, ...came].join('\n  ')}`)
}

/** Kinds of other projects (KEDA, Gateway API, Prometheus) have a schema where Go could fetch it. */
async function checkSchemas(name: string, rendered: string, schemas: string): Promise<void> {
  const location = join(schemas, '{{.ResourceKind}}{{.KindSuffix}}.json')
  const { code, out } = await ran(
    'kubeconform',
    ['-strict', '-ignore-missing-schemas', '-schema-location', location, '-summary', '-'],
    rendered,
  )
  const foreign = [...rendered.matchAll(/^kind: (ScaledObject|HTTPRoute|PodMonitor|PrometheusRule)$/gm)]
  const unknown = foreign.filter(([, kind]) => !readdirSync(schemas).some(file => file.startsWith(kind!.toLowerCase())))
  for (const [, kind] of unknown) skip(`${name}: schema of ${kind}`, 'go could not fetch it')
  expect(code === 0, `${name}: kubeconform: ${out}`)
  expect(out.includes(`Skipped: ${unknown.length}`), `${name}: a kind of Kubernetes' own has no schema: ${out}`)
}

/**
 * But for: a limit of processor time, which makes viewers wait while a core is free; and pulling an image at every
 * start, which ties each start to a registry (tags of releases do not move, and a digest may be named).
 */
async function checkScore(name: string, rendered: string): Promise<void> {
  const args = ['score', '--kubernetes-version', 'v1.33', '--ignore-container-cpu-limit', '-o', 'ci']
  const { out } = await ran('kube-score', [...args, '--ignore-test', 'container-image-pull-policy', '-'], rendered)
  const critical = out.split('\n').filter(line => line.startsWith('[CRITICAL]'))
  expect(out.includes('[OK]') && critical.length === 0, `${name}: kube-score:\n  ${critical.join('\n  ')}`)
}

/** What cannot work is refused with a sentence: the first line of the file has it. */
async function checkRefusal(name: string): Promise<void> {
  const file = join(CI, 'refused', name)
  const sentence = readFileSync(file, 'utf8').split('\n')[0]!.replace(/^# /, '')
  const { code, out } = await template(file)
  expect(code !== 0 && out.includes(sentence), `refused/${name}: expected "${sentence}", got ${out.slice(0, 300)}`)
}

/** Helm and its companions from PATH, or from the tools beside the repository. */
async function findTools(): Promise<void> {
  const shared = process.env.COVERSLIP_SHARED ?? join(CHART, '../../../shared')
  const cluster = join(shared, 'tools/cluster/cluster')
  if ((await has('helm', 'version')) || !existsSync(cluster)) return
  const { out } = await ran('sh', ['-c', 'eval "$("$0" env)" && printf %s "$PATH"', cluster])
  process.env.PATH = out || process.env.PATH
}

async function main(): Promise<void> {
  await findTools()
  if (!(await has('helm', 'version'))) return skip('the chart', 'helm is not on PATH')
  const conform = await has('kubeconform', '-v')
  if (!conform) skip('schemas of Kubernetes', 'kubeconform is not on PATH')
  const schemas = conform ? schemaFolder(CACHE) : undefined
  if (conform && !schemas) skip('schemas of Kubernetes', 'they are not in .cache, and pip3 could not fetch them')
  const score = await has('kube-score', 'version')
  if (!score) skip('kube-score', 'it is not on PATH')
  const lint = await ran('helm', ['lint', '--strict', CHART])
  expect(lint.code === 0, `helm lint: ${lint.out}`)
  await Promise.all(yamls(CI).map(name => checkCase(name, { schemas, score })))
  await Promise.all(yamls(join(CI, 'refused')).map(checkRefusal))
  for (const failure of failures) console.error(failure)
  console.log(`${checks - failures.length} passed, ${failures.length} failed`)
  if (failures.length > 0) process.exitCode = 1
}

await main()
