/** The object stores by URL scheme; the first is the default. */
import { resolve } from 'node:path'
import type { Objects } from './port.ts'

const adapters: Record<string, (url: string) => Promise<Objects>> = {
  file: async url => (await import('./file.ts')).openFiles(url.slice('file:'.length)),
  s3: async url => (await import('./s3.ts')).openS3(url),
  none: async () => (await import('./none.ts')).openNone(),
}

/**
 * `file:FOLDER`, `s3://key:secret@bucket/prefix?endpoint=https://host&region=eu-central-1`, or `none:` for a site that
 * keeps nothing of a kind.
 * @throws Error for another scheme; ServiceError `unavailable` when no server answers for 30 s.
 */
export async function openObjects(url: string): Promise<Objects> {
  const open = adapters[url.slice(0, url.indexOf(':'))]
  if (open === undefined) throw new Error(`no object store for this URL; known: ${Object.keys(adapters).join(', ')}`)
  return open(url)
}

/** As openObjects, for a store that may be away: it is opened at its first use. @throws Error for another scheme. */
export async function openLate(url: string): Promise<Objects> {
  const [scheme] = url.split(':', 1)
  if (scheme !== 'file' && scheme !== 's3') return openObjects(url)
  const location =
    scheme === 's3'
      ? (await import('./s3-client.ts')).locationOf(url)
      : { scheme, directory: resolve(url.slice('file:'.length)) }
  return (await import('./late.ts')).lateObjects(location as Objects['location'], () => openObjects(url))
}
