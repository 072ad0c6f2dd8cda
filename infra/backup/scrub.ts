/**
 * Reads every object of which a digest is recorded and compares: `node infra/backup/scrub.ts [[PART]/PARTS]`. Prints what it
 * found as one line of JSON, keys and no more; ends with 1 when something is missing or changed.
 */
import { createHash, createHmac } from 'node:crypto'
import { readConfig, text } from '@coverslip/platform/config.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import type { ReadableObjects } from '@coverslip/platform/objects/port.ts'
import { addressesOf } from './database.ts'
import { type Recorded, recorded } from './recorded.ts'
import { type BackupConfig, backupConfig, STORES, type StoreName, storeNames } from './settings.ts'
import { eachOf } from './stores.ts'

export interface Problem {
  store: StoreName
  key: string
  what: 'missing' | 'changed'
}
export interface Scrubbed {
  objects: number
  bytes: number
  /** Of a keyed digest without the key, and of stores that are not here. */
  skipped: number
  problems: Problem[]
}

export interface ScrubOptions {
  /** SOURCE_HASH_KEY; without it sources are only looked for. */
  sourceKey?: string
  /** Which part of the slides, of how many: a part a night reads large stores in a month. */
  part?: { part: number; parts: number }
}

/** @throws Error when the database or a store is away */
export async function scrub(config: BackupConfig, { sourceKey = '', part }: ScrubOptions): Promise<Scrubbed> {
  const addresses = await addressesOf(config)
  const found: Scrubbed = { objects: 0, bytes: 0, skipped: 0, problems: [] }
  const wanted = (await recorded(addresses)).filter(({ key }) => !part || partOf(key, part.parts) === part.part)
  for (const store of storeNames) {
    const objects = await openObjects(config[STORES[store]])
    const work = (one: Recorded): Promise<void> => look(objects, one, sourceKey, found)
    await eachOf(
      wanted.filter(one => one.store === store),
      work,
    ).finally(() => objects.close())
  }
  // What was deleted while it was looked for is no loss.
  const still = found.problems.length > 0 ? new Set((await recorded(addresses)).map(placeOf)) : new Set()
  return { ...found, problems: found.problems.filter(one => still.has(placeOf(one))) }
}

const placeOf = ({ store, key }: Pick<Recorded, 'store' | 'key'>): string => `${store}/${key}`
/** All files of a slide are in the same part. */
const partOf = (key: string, parts: number): number =>
  createHash('sha256').update(key.split('/', 1)[0]!).digest().readUInt32BE() % parts

async function look(objects: ReadableObjects, one: Recorded, sourceKey: string, found: Scrubbed): Promise<void> {
  const { store, key, digest, keyed } = one
  found.objects += 1
  try {
    if (objects.location.scheme === 'none' || (keyed && !sourceKey)) {
      found.skipped += 1
      if (objects.location.scheme !== 'none' && !(await objects.head(key)))
        found.problems.push({ store, key, what: 'missing' })
      return
    }
    const hash = keyed ? createHmac('sha256', sourceKey) : createHash('sha256')
    for await (const chunk of await objects.stream(key)) {
      hash.update(chunk as Buffer)
      found.bytes += (chunk as Buffer).length
    }
    if (hash.digest('hex') !== digest) found.problems.push({ store, key, what: 'changed' })
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'not-found') throw error
    found.problems.push({ store, key, what: 'missing' })
  }
}

const SOURCE_KEY = {
  SOURCE_HASH_KEY: {
    type: text,
    default: '',
    help: 'As ingest has it; empty: sources are only looked for',
    secret: true,
  },
}

if (import.meta.main) {
  const [wanted, parts = 1] = (process.argv[2] ?? '').split('/').map(Number)
  // Of `/30` the part of today.
  const part = wanted || Math.floor(Date.now() / 86_400_000) % parts
  const { SOURCE_HASH_KEY: sourceKey } = readConfig({ scrub: SOURCE_KEY }, process.env).scrub
  const options = { sourceKey, part: { part, parts } }
  const found = await scrub(backupConfig(process.env), options)
  process.stdout.write(`${JSON.stringify(found)}\n`)
  if (found.problems.length > 0) process.exitCode = 1
}
