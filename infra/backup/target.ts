/**
 * How a backup lies in its store: objects once for all backups, under `objects/`, since they never change; and a folder
 * for each backup with the database, the streams, and a manifest that is written last.
 */
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import type { Objects, ReadableObjects } from '@coverslip/platform/objects/port.ts'
import { z } from 'zod'

const stored = z.object({ bytes: z.number().int(), sha256: z.string() })
export type Stored = z.infer<typeof stored>

const consumer = z.object({ config: z.record(z.string(), z.unknown()), ackFloor: z.number().int() })
const stream = z.object({
  config: z.looseObject({ name: z.string(), subjects: z.array(z.string()).optional() }),
  consumers: z.array(consumer),
  messages: z.number().int(),
  file: stored,
})
export type SavedStream = z.infer<typeof stream>

export const manifest = z.object({
  version: z.literal(1),
  /** Of the moment that the database and the streams are of. */
  takenAt: z.string(),
  /** By schema. */
  database: z.record(z.string(), stored),
  streams: z.array(stream),
  /** By `<store>/<key>`. */
  objects: z.record(z.string(), stored),
})
export type Manifest = z.infer<typeof manifest>

const MANIFEST = 'manifest.json'
export const objectKey = (place: string): string => `objects/${place}`
export const partKey = (name: string, part: string): string => `backups/${name}/${part}`
/** Sorts by time: `20261122T163000Z`. */
export const nameAt = (time: Date): string => time.toISOString().replaceAll(/[-:]|\.\d+/g, '')

/** Names of the backups that were finished, the oldest first. */
export async function finished(target: ReadableObjects): Promise<string[]> {
  const names: string[] = []
  for await (const { key } of target.list('backups/')) {
    const [, name = '', file] = key.split('/')
    if (file === MANIFEST) names.push(name)
  }
  return names.sort()
}

/** @throws Error when the manifest is damaged */
export async function readManifest(target: ReadableObjects, name: string): Promise<Manifest> {
  const bytes = await buffer(await target.stream(partKey(name, MANIFEST)))
  return manifest.parse(JSON.parse(bytes.toString()))
}

export async function writeManifest(target: Objects, name: string, saved: Manifest): Promise<void> {
  await target.put(partKey(name, MANIFEST), Buffer.from(JSON.stringify(saved)))
}

/** Passes chunks on and knows, at the end, how many bytes they were and their SHA-256. */
export function digesting(chunks: AsyncIterable<Buffer>): { chunks: AsyncIterable<Buffer>; stored(): Stored } {
  const hash = createHash('sha256')
  let bytes = 0
  async function* pass(): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk)
      bytes += chunk.length
      yield chunk
    }
  }
  return { chunks: pass(), stored: () => ({ bytes, sha256: hash.digest('hex') }) }
}
