/**
 * Leaves of an installed tree only what some workspaces need: `npm ci --workspace` installs the packages of all of them.
 *
 *   node infra/image/prune.ts [--without=PACKAGE]… FOLDER WORKSPACE…
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

interface Locked {
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  link?: boolean
}
type Lock = Record<string, Locked>

/** Where Node finds a package that is imported at a place: beside it, or in a folder above. */
export function placeOf(lock: Lock, name: string, from: string): string | undefined {
  const folders = from === '' ? [] : from.split('/')
  for (let depth = folders.length; depth >= 0; depth -= 1) {
    const place = [...folders.slice(0, depth), 'node_modules', name].join('/')
    if (place in lock) return place
  }
  return undefined
}

/**
 * Places of all packages that are reached from some, in the lock file's words.
 * @param without names of packages that are never imported there
 */
export function reached(lock: Lock, starts: readonly string[], without: readonly string[] = []): Set<string> {
  const seen = new Set<string>()
  const queue = [...starts]
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    const { dependencies, optionalDependencies, peerDependencies } = lock[at] ?? {}
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const place = without.includes(name) ? undefined : placeOf(lock, name, at)
      if (place) queue.push(place)
    }
  }
  return seen
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { without: { type: 'string', multiple: true, default: [] } },
    allowPositionals: true,
  })
  const [folder, ...workspaces] = positionals
  if (!folder || workspaces.length === 0) {
    process.stderr.write('usage: node infra/image/prune.ts [--without=PACKAGE]… FOLDER WORKSPACE…\n')
    process.exit(2)
  }
  const lock: Lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages
  const kept = reached(
    lock,
    ['', ...workspaces].filter(place => place === '' || place in lock),
    values.without,
  )
  for (const [place, { link }] of Object.entries(lock)) {
    if (place.includes('node_modules/') && !link && !kept.has(place))
      rmSync(join(folder, place), { recursive: true, force: true })
  }
  // Names of programs that went, and links to them.
  const bin = join(folder, 'node_modules/.bin')
  for (const name of readdirSync(bin)) if (!existsSync(join(bin, name))) rmSync(join(bin, name))
}
