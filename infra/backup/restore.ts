/**
 * Restores a backup into empty servers, before any service starts: `node infra/backup/restore.ts [NAME]`; without a name the
 * newest. What fails leaves the servers as they are then: empty them and begin again.
 */
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import type { Objects } from '@coverslip/platform/objects/port.ts'
import { addressesOf, openPrograms, prepareEmpty } from './database.ts'
import { type BackupConfig, backupConfig, STORES, storeNames } from './settings.ts'
import { digestOf, restoreStore } from './stores.ts'
import { openStreams, restoreStream } from './streams.ts'
import { digesting, finished, type Manifest, partKey, readManifest, type Stored } from './target.ts'

/** @throws Error when there is no such backup, a part of it is damaged, or the servers are not empty */
export async function restore(
  config: BackupConfig,
  wanted = '',
): Promise<{ name: string; objects: number; messages: number }> {
  const target = await openObjects(config.BACKUP_URL)
  try {
    const names = await finished(target)
    const name = wanted || names.at(-1)
    if (!name || !names.includes(name))
      throw new Error(`there is no such backup; there are: ${names.join(', ') || 'none'}`)
    const saved = await readManifest(target, name)
    await checkStreams(target, name, saved)
    await restoreDatabase(config, target, name, saved)
    let objects = 0
    for (const store of storeNames) {
      const to = await openObjects(config[STORES[store]])
      objects += await restoreStore(store, saved, target, to).finally(() => to.close())
    }
    return { name, objects, messages: await restoreStreams(config, target, name, saved) }
  } finally {
    await target.close()
  }
}

const streamKey = (name: string, stream: string): string => partKey(name, `streams/${stream}`)

/** Before anything is written. */
async function checkStreams(target: Objects, name: string, { streams }: Manifest): Promise<void> {
  for (const { config, file } of streams) {
    assertSame(config.name, file, await digestOf(target, streamKey(name, config.name)))
  }
}

function assertSame(what: string, expected: Stored, found: Stored): void {
  if (expected.sha256 !== found.sha256) throw new Error(`the backup of ${what} is damaged`)
}

async function restoreDatabase(config: BackupConfig, target: Objects, name: string, saved: Manifest): Promise<void> {
  const all = await addressesOf(config)
  const addresses = Object.fromEntries(Object.entries(all).filter(([schema]) => schema in saved.database))
  await prepareEmpty(addresses)
  const programs = await openPrograms(addresses, config.HANDOVER)
  try {
    for (const schema of Object.keys(addresses)) {
      const body = digesting(await target.stream(partKey(name, `database/${schema}`)))
      await pipeline(Readable.from(body.chunks, { objectMode: false }), createWriteStream(join(programs.dumps, schema)))
      assertSame(schema, saved.database[schema]!, body.stored())
    }
    await programs.run('restore')
  } finally {
    await programs.close()
  }
}

async function restoreStreams(config: BackupConfig, target: Objects, name: string, saved: Manifest): Promise<number> {
  const bus = await openStreams(config.BUS_URL)
  if (!bus) return 0
  try {
    let messages = 0
    for (const one of saved.streams) messages += await restoreStream(bus, one, target, streamKey(name, one.config.name))
    return messages
  } finally {
    await bus.close()
  }
}

if (import.meta.main) {
  process.stdout.write(`${JSON.stringify(await restore(backupConfig(process.env), process.argv[2]))}\n`)
}
