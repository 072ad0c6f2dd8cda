/**
 * Backs up everything that Coverslip keeps in its servers, while it runs: `node infra/backup/backup.ts`. In this order: how
 * far consumers are, one moment of database and streams, then the objects, which are written before they are told of (most
 * were copied ahead). Keys are not among it: they are kept apart, or a backup would open what they seal.
 */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import type { Objects } from '@coverslip/platform/objects/port.ts'
import { type Addresses, addressesOf, openPrograms } from './database.ts'
import { type Moment, takeMoment } from './moment.ts'
import { prune } from './prune.ts'
import { type BackupConfig, backupConfig, STORES, storeNames } from './settings.ts'
import { saveStore } from './stores.ts'
import { describeStreams, openStreams, saveStream } from './streams.ts'
import { digesting, finished, type Manifest, nameAt, partKey, readManifest, writeManifest } from './target.ts'

export interface Summary {
  name: string
  objects: number
  bytes: number
  messages: number
  removed: string[]
}

/** @throws Error that says what is missing; what was copied until then is used by the next backup */
export async function backUp(config: BackupConfig): Promise<Summary> {
  const target = await openObjects(config.BACKUP_URL)
  try {
    const { name, saved } = await save(config, target)
    const removed = await prune(target, config.BACKUP_KEEP)
    const all = Object.values(saved.objects)
    return {
      name,
      objects: all.length,
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      messages: saved.streams.reduce((sum, { messages }) => sum + messages, 0),
      removed,
    }
  } finally {
    await target.close()
  }
}

async function save(config: BackupConfig, target: Objects): Promise<{ name: string; saved: Manifest }> {
  const addresses = await addressesOf(config)
  const bus = await openStreams(config.BUS_URL)
  try {
    const known = await copyAhead(config, target)
    const described = bus ? await describeStreams(bus) : []
    const moment = await takeMoment(Object.values(addresses)[0]!, bus, addresses.ingest)
    const name = nameAt(moment.at)
    const objects = await saveObjects(config, target, known, moment.waitingUploads).catch(async error => {
      await moment.release()
      throw error
    })
    const database = await saveDatabase(addresses, moment, { config, target, name })
    const streams: Manifest['streams'] = []
    for (const one of described) {
      const cut = moment.positions[one.config.name] ?? 0
      streams.push(await saveStream(bus!, one, cut, target, partKey(name, `streams/${one.config.name}`)))
    }
    const saved: Manifest = { version: 1, takenAt: moment.at.toISOString(), database, streams, objects }
    await writeManifest(target, name, saved)
    return { name, saved }
  } finally {
    await bus?.close()
  }
}

interface Place {
  config: BackupConfig
  target: Objects
  name: string
}

async function saveDatabase(addresses: Addresses, moment: Moment, { config, target, name }: Place) {
  const programs = await openPrograms(addresses, config.HANDOVER)
  try {
    await programs.run('dump', moment.snapshot)
    const database: Manifest['database'] = {}
    for (const schema of Object.keys(addresses)) {
      const body = digesting(createReadStream(join(programs.dumps, schema)))
      await target.put(partKey(name, `database/${schema}`), Readable.from(body.chunks, { objectMode: false }))
      database[schema] = body.stored()
    }
    return database
  } finally {
    await programs.close()
    await moment.release()
  }
}

type Copies = Manifest['objects']

/** All that takes long, before the moment: of what is there then, little is left to be copied. */
async function copyAhead(config: BackupConfig, target: Objects): Promise<Copies> {
  const last = (await finished(target)).at(-1)
  const known = last ? (await readManifest(target, last)).objects : {}
  return { ...known, ...(await saveStores(config, target, known, [])) }
}

/**
 * What is there at the moment, at once, since parts of a pyramid go when it is whole. Twice: an upload may become an object,
 * under another key, while keys are being listed.
 */
async function saveObjects(config: BackupConfig, target: Objects, known: Copies, waiting: string[]): Promise<Copies> {
  const found = await saveStores(config, target, known, waiting)
  return { ...found, ...(await saveStores(config, target, { ...known, ...found }, waiting)) }
}

async function saveStores(config: BackupConfig, target: Objects, known: Copies, waiting: string[]): Promise<Copies> {
  let found: Copies = {}
  for (const name of storeNames) {
    const from = await openObjects(config[STORES[name]])
    found = { ...found, ...(await saveStore(name, { from, target, known, waiting }).finally(() => from.close())) }
  }
  return found
}

if (import.meta.main) {
  const summary = await backUp(backupConfig(process.env))
  process.stdout.write(`${JSON.stringify(summary)}\n`)
}
