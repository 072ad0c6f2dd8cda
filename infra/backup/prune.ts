/** Old backups go, and with them the objects that no other backup names: what was erased is erased here, too, in the end. */
import type { Objects } from '@coverslip/platform/objects/port.ts'
import { finished, objectKey, readManifest } from './target.ts'

/** @param keepMs how old a backup may become; the newest always stays. @returns the names of those removed */
export async function prune(target: Objects, keepMs: number, now = Date.now()): Promise<string[]> {
  const names = await finished(target)
  const manifests = new Map(
    await Promise.all(names.map(async name => [name, await readManifest(target, name)] as const)),
  )
  const old = names.slice(0, -1).filter(name => now - Date.parse(manifests.get(name)!.takenAt) > keepMs)
  for (const name of old) {
    await target.deletePrefix(`backups/${name}/`)
    manifests.delete(name)
  }
  // Those of a backup that was not finished, too.
  const named = new Set([...manifests.values()].flatMap(({ objects }) => Object.keys(objects).map(objectKey)))
  const unnamed: string[] = []
  for await (const { key } of target.list('objects/')) if (!named.has(key)) unnamed.push(key)
  for (const key of unnamed) await target.deletePrefix(key)
  return old
}
