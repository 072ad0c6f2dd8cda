/** Opens the adapters that the configuration names, and hands out only what a module declared. */
import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openBus } from './bus/index.ts'
import type { Bus } from './bus/port.ts'
import { openCache } from './cache/index.ts'
import type { Cache } from './cache/port.ts'
import { openDatabase } from './db/index.ts'
import type { Database } from './db/port.ts'
import { ServiceError } from './errors.ts'
import type { Log } from './log.ts'
import type { Module, ObjectHandles, ObjectsAccess } from './module.ts'
import { openLate, openObjects } from './objects/index.ts'
import type { Objects } from './objects/port.ts'
import type { PlatformConfig } from './settings.ts'

export interface Adapters {
  /** Absent in a process whose modules keep nothing (the gateways). */
  database: Database | undefined
  bus: Bus
  cache: Cache
  scratch: string
  /** Every server that this process has, by what it is for; also those that work goes on without. */
  servers: ReadonlyMap<string, { ready(): Promise<void> }>
  /** The stores a module declared, each as it declared it. */
  objectsFor(access: ObjectsAccess): Partial<ObjectHandles>
  /** Rejects with the reason while an adapter that work depends on is away; cache and stage are not among them. */
  ready(): Promise<void>
  close(): Promise<void>
}

const STRICT_TRIES = 20
const STRICT_PAUSE_MS = 100

const STORES = {
  source: 'OBJECTS_SOURCE_URL',
  original: 'OBJECTS_ORIGINAL_URL',
  pyramid: 'OBJECTS_PYRAMID_URL',
  stage: 'OBJECTS_STAGE_URL',
} as const

export async function openAdapters(
  config: PlatformConfig,
  modules: Module[],
  service: string,
  log: Log,
): Promise<Adapters> {
  const opened: { close(): Promise<void> }[] = []
  try {
    const database = needsDatabase(config, modules) ? await openDatabase(config.DATABASE_URL) : undefined
    if (database) opened.push(database)
    // Only now is it certain that no other process works in this folder.
    const scratch = await emptyFolder(config.SCRATCH_DIR, service)
    const report = (what: string, error: unknown): void => log.warn({ err: error }, what)
    const bus = await openBus(config.BUS_URL, { database, report })
    opened.push(bus)
    const cache = await openCache(config.CACHE_URL, advice => log.warn(advice))
    opened.push(cache)
    if (config.CACHE_STRICT) await insistOn(cache)
    const stores = new Map<keyof ObjectHandles, Objects>()
    for (const kind of wanted(modules)) {
      // A stage holds copies: work begins and goes on without it.
      const store = await (kind === 'stage' ? openLate : openObjects)(config[STORES[kind]])
      stores.set(kind, store)
      opened.push(store)
    }
    const servers = new Map(
      Object.entries({ ...(database && { database }), bus, cache, ...Object.fromEntries(stores) }),
    )
    return {
      servers,
      database,
      bus,
      cache,
      scratch,
      objectsFor: access =>
        Object.fromEntries(Object.keys(access).map(kind => [kind, stores.get(kind as keyof ObjectHandles)])),
      ready: async () => {
        for (const [what, part] of [['database', database], ['bus', bus], ...needed(stores)] as [
          string,
          { ready(): Promise<void> },
        ][]) {
          await part?.ready().catch((cause: unknown) => {
            throw new ServiceError('unavailable', `The ${what in STORES ? `${what} store` : what} is not reachable`, {
              cause,
            })
          })
        }
      },
      close: () => closeAll(opened),
    }
  } catch (error) {
    await closeAll(opened)
    throw error
  }
}

const needed = (stores: Map<keyof ObjectHandles, Objects>): [string, Objects][] =>
  [...stores].filter(([kind]) => kind !== 'stage')

/**
 * Waits a moment for a cache that is still connecting; one that is away is no error, see its port.
 * @throws Error with what is to be changed
 */
async function insistOn(cache: Cache): Promise<void> {
  for (let attempt = 0; attempt < STRICT_TRIES; attempt += 1) {
    const known = await cache.advice().then(
      advice => ({ advice }),
      () => undefined,
    )
    if (known?.advice) throw new Error(`${known.advice} (CACHE_STRICT is set)`)
    if (known) return
    await sleep(STRICT_PAUSE_MS)
  }
}

/** A folder of our own below the one that was named, so that a wrong setting costs nobody their files. */
async function emptyFolder(parent: string, service: string): Promise<string> {
  const folder = join(resolve(parent), `coverslip-${service}`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return folder
}

function needsDatabase(config: PlatformConfig, modules: Module[]): boolean {
  return config.BUS_URL.startsWith('embedded:') || modules.some(({ migrations }) => migrations)
}

function wanted(modules: Module[]): Set<keyof ObjectHandles> {
  return new Set(modules.flatMap(({ objects }) => Object.keys(objects ?? {}) as (keyof ObjectHandles)[]))
}

/** In reverse order of opening: the bus may live in the database. */
async function closeAll(opened: { close(): Promise<void> }[]): Promise<void> {
  for (const part of [...opened].reverse()) await part.close()
}
