/**
 * Rule 1 as a lint rule: which of our packages the files of a room may import. Writes the overrides that .biome.json
 * extends; `--check` fails when they are out of date.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const target = `${root}infra/boundaries.biome.json`

/** What a service may import. */
const SERVICE = ['platform', 'wsi', 'proto']

/** Rooms that are not services. A path opens only that part of a package. */
const ROOMS: Record<string, readonly string[]> = {
  platform: ['proto'],
  wsi: [],
  viewer: ['proto'],
  // The lock of the data folder is the one thing that a backup shares with the process that runs on it.
  // De-identification without a server runs the service's own code: infra/decisions/004.
  cli: ['proto', 'wsi', 'platform/db/lock.ts', 'deidentify/files.ts'],
  // `all` is the one place that puts modules together; e2e sees the system from outside.
  all: ['*'],
  e2e: ['proto', 'wsi', 'platform/testing', '../infra'],
}

/** Tests of a service may start other modules beside their own; they never reach into another room's files. */
const IN_TESTS = ['platform', '*/module.ts', '*/*/module.ts']

/** How many folders deep the files of a room lie at most; a relative import must not climb out of the room. */
const DEPTH = 3

export const rooms = (): string[] => readdirSync(`${root}services`).sort()

/** The overrides of all rooms; of two that fit a file the later one counts. */
export function boundaries(): object[] {
  return rooms().flatMap(room => {
    const allowed = ROOMS[room] ?? SERVICE
    const everywhere = depths(depth => override(room, depth, '*.{ts,tsx}', allowed))
    if (room in ROOMS && room !== 'cli') return everywhere
    return [...everywhere, ...depths(depth => override(room, depth, '*.test.ts', [...allowed, ...IN_TESTS]))]
  })
}

const depths = <T>(make: (depth: number) => T): T[] => Array.from({ length: DEPTH }, (_, depth) => make(depth))

function override(room: string, depth: number, files: string, allowed: readonly string[]): object {
  const out = '../'.repeat(depth + 1)
  const except = [room, ...allowed].map(name => (name.startsWith('../') ? `!${out}${name}/**` : exception(name)))
  const message = `rule 1: services/${room} may import of ours only ${allowed.join(', ') || 'itself'}`
  const options = { patterns: [{ group: [`${out}**`, '@coverslip/**', ...except], message }] }
  return {
    includes: [`services/${room}/${'*/'.repeat(depth)}${files}`],
    linter: { rules: { style: { noRestrictedImports: { level: 'error', options } } } },
  }
}

const exception = (name: string): string => `!@coverslip/${name}${name.endsWith('.ts') ? '' : '/**'}`

/** One override a line, so that a change shows as a line. */
const file = (): string =>
  `{"overrides":[\n${boundaries()
    .map(one => JSON.stringify(one))
    .join(',\n')}\n]}\n`

if (import.meta.main) {
  if (!process.argv.includes('--check')) writeFileSync(target, file())
  else if (readFileSync(target, 'utf8') !== file()) {
    process.stderr.write('infra/boundaries.biome.json is out of date: npm run gen\n')
    process.exitCode = 1
  }
}
