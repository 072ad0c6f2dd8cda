/** The last entry of a backup: what must have come before it. An archive that was cut off has none. */
import { posix } from 'node:path'
import { z } from 'zod'

export const MANIFEST_NAME = 'coverslip-backup.json'
/** Entries of the data folder lie below this name, so that none can be mistaken for the manifest. */
export const ROOT = 'data'

const entry = z.object({
  /** Relative to the data folder; `/` between folders. */
  path: z.string(),
  kind: z.enum(['file', 'folder']),
  /** Permission bits. */
  mode: z.number().int(),
  bytes: z.number().int(),
  /** Of the content; empty for a folder. */
  sha256: z.string(),
})
export type Entry = z.infer<typeof entry>

export const manifest = z.object({ version: z.literal(1), madeAt: z.string(), entries: z.array(entry) })
export type Manifest = z.infer<typeof manifest>

/**
 * The place within the data folder of an entry of an archive.
 * @throws RangeError for a name that leads out of it, or is written in a way that a backup never writes
 */
export function placeOf(name: string): string {
  const trimmed = name.replace(/\/$/, '')
  const normal = posix.normalize(trimmed)
  const inside = normal === ROOT || normal.startsWith(`${ROOT}/`)
  if (normal !== trimmed || !inside || normal.includes('\0') || normal.includes('\\')) {
    throw new RangeError('an entry of the archive lies outside of its folder')
  }
  return normal.slice(ROOT.length + 1)
}

/** What differs between what the manifest lists and what was found; empty when nothing does. */
export function differences(listed: readonly Entry[], found: readonly Entry[]): string[] {
  const foundByPath = new Map(found.map(one => [one.path, one]))
  const wrong = listed.filter(one => {
    const other = foundByPath.get(one.path)
    foundByPath.delete(one.path)
    return (
      other?.kind !== one.kind || other.bytes !== one.bytes || other.sha256 !== one.sha256 || other.mode !== one.mode
    )
  })
  return [...wrong.map(one => one.path), ...foundByPath.keys()]
}
