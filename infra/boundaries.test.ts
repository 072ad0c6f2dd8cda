import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

const REFUSED = [
  ['services/catalog/slide.ts', '@coverslip/tiles/module.ts'],
  ['services/catalog/slide.ts', '../tiles/module.ts'],
  ['services/deidentify/steps/erase.ts', '../../pyramid/store.ts'],
  ['services/platform/bus/nats.ts', '@coverslip/wsi/open.ts'],
  ['services/wsi/tiff/index.ts', '@coverslip/platform/errors.ts'],
  ['services/viewer/pages/list.tsx', '@coverslip/platform/errors.ts'],
  ['services/cli/backup/backup.ts', '@coverslip/platform/db/pglite.ts'],
  ['services/catalog/slide.test.ts', '@coverslip/tiles/store.ts'],
] as const

const ALLOWED = [
  ['services/catalog/slide.ts', '@coverslip/platform/errors.ts'],
  ['services/catalog/slide.ts', '@coverslip/proto/api.ts'],
  ['services/deidentify/steps/erase.ts', '../draft.ts'],
  ['services/platform/bus/nats.ts', '@coverslip/proto/flow.ts'],
  ['services/cli/backup/folder.ts', '@coverslip/platform/db/lock.ts'],
  ['services/all/main.ts', '@coverslip/tiles/module.ts'],
  ['services/gateway/public/sign-in.test.ts', '@coverslip/access/module.ts'],
] as const

/** A file of the same room, depth and kind as the case names, which no other case has. */
const fileOf = ([file, imported]: readonly [string, string]): string =>
  join(dirname(file), `${imported.replaceAll(/\W+/g, '-')}-${basename(file)}`)

let copy: string
let complaints: string

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'coverslip-lint-'))
  for (const file of ['.biome.json', 'infra/boundaries.biome.json']) await cp(join(root, file), join(copy, file))
  for (const one of [...REFUSED, ...ALLOWED]) {
    await mkdir(join(copy, dirname(one[0])), { recursive: true })
    await writeFile(join(copy, fileOf(one)), `import { x } from '${one[1]}'\n\nexport const y = x\n`)
  }
  const args = ['lint', '--colors=off', '--reporter=github', '--max-diagnostics=none']
  const { stdout } = spawnSync(`${root}node_modules/.bin/biome`, args, { cwd: copy, encoding: 'utf8' })
  complaints = stdout
})
afterAll(() => rm(copy, { recursive: true, force: true }))

const complaint = (file: string): string => complaints.split('\n').find(line => line.includes(file)) ?? ''

test.each(REFUSED)('%s may not import %s', (...one) => {
  expect(complaint(fileOf(one))).toContain('rule 1: services/')
})

test.each(ALLOWED)('%s may import %s', (...one) => {
  expect(complaint(fileOf(one))).toBe('')
})

test('the rule knows every room that there is', () => {
  const script = join(root, 'infra/boundaries.ts')
  expect(spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  })
})
