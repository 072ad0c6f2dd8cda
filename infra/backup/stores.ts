/** Objects are immutable: a copy that is there is right, and only what is new is read. */
import { Readable } from 'node:stream'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Objects, ReadableObjects } from '@coverslip/platform/objects/port.ts'
import type { StoreName } from './settings.ts'
import { digesting, type Manifest, objectKey, type Stored } from './target.ts'

/** Uploads that are not finished begin again; of those that wait to become objects the caller names the ids. */
const UPLOADS = '.uploads/'
const AT_ONCE = 4

/**
 * Copies what a store holds and the backup does not. What is deleted meanwhile is left out.
 * @param waiting ids of finished uploads
 * @returns what there is now, by `<store>/<key>`
 */
export async function saveStore(
  name: StoreName,
  {
    from,
    target,
    known,
    waiting,
  }: { from: ReadableObjects; target: Objects; known: Manifest['objects']; waiting: string[] },
): Promise<Manifest['objects']> {
  const found: Manifest['objects'] = {}
  await eachOf(from.list(''), async ({ key, size }) => {
    if (key.startsWith(UPLOADS) && !waiting.some(id => key.startsWith(`${UPLOADS}${id}`))) return
    const place = `${name}/${key}`
    const before = known[place]
    const copy = before?.bytes === size ? before : await copied(from, key, target, objectKey(place))
    if (copy) found[place] = copy
  })
  return found
}

/** Undefined when the object went meanwhile. A copy that an unfinished backup left is taken, once its bytes are known. */
async function copied(from: ReadableObjects, key: string, target: Objects, to: string): Promise<Stored | undefined> {
  try {
    const left = await target.head(to)
    if (left) return await digestOf(target, to)
    const body = digesting(await from.stream(key))
    await target.put(to, Readable.from(body.chunks, { objectMode: false }))
    return body.stored()
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'not-found') return undefined
    throw error
  }
}

/** Reads an object whole. @throws ServiceError `not-found` */
export async function digestOf(store: ReadableObjects, key: string): Promise<Stored> {
  const body = digesting(await store.stream(key))
  for await (const _ of body.chunks);
  return body.stored()
}

/**
 * Puts back what a store does not have. @returns how many objects there are
 * @throws Error when the backup of one is damaged; what was put back before stays and is not read again
 */
export async function restoreStore(
  name: StoreName,
  saved: Manifest,
  target: ReadableObjects,
  to: Objects,
): Promise<number> {
  const there = new Map<string, number>()
  for await (const { key, size } of to.list('')) there.set(key, size)
  const places = Object.keys(saved.objects).filter(place => place.startsWith(`${name}/`))
  await eachOf(places, async place => {
    const key = place.slice(name.length + 1)
    const { bytes, sha256 } = saved.objects[place]!
    if (there.get(key) === bytes) return
    const body = digesting(await target.stream(objectKey(place)))
    await to.put(key, Readable.from(body.chunks, { objectMode: false }))
    if (body.stored().sha256 === sha256) return
    await to.deletePrefix(key)
    throw new Error(`the backup of ${place} is damaged`)
  })
  return places.length
}

/** A few at a time, in order; the first error ends all. */
export async function eachOf<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const under = new Set<Promise<void>>()
  for await (const item of items) {
    const done: Promise<void> = work(item).finally(() => under.delete(done))
    // Awaited below; until then a rejection is nobody's.
    done.catch(() => {})
    under.add(done)
    if (under.size >= AT_ONCE) await Promise.race(under)
  }
  await Promise.all(under)
}
