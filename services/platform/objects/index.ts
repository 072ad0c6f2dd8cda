/** The object stores by URL scheme; the first is the default. */
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
