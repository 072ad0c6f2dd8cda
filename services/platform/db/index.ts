/** The databases by URL scheme; the first is the default. */
import type { Database } from './port.ts'

const adapters: Record<string, (url: string) => Promise<Database>> = {
  pglite: async url => (await import('./pglite.ts')).openPglite(url.slice('pglite:'.length)),
  postgres: async url => (await import('./postgres.ts')).openPostgres(url),
  postgresql: async url => (await import('./postgres.ts')).openPostgres(url),
}

/**
 * `pglite:FOLDER` or `postgres://user:password@host:port/database?pool=10`.
 * @throws Error for another scheme; ServiceError `conflict` when another process has the folder open.
 */
export async function openDatabase(url: string): Promise<Database> {
  const open = adapters[url.slice(0, url.indexOf(':'))]
  if (open === undefined)
    throw new Error(`no database adapter for this URL; known: ${Object.keys(adapters).join(', ')}`)
  return open(url)
}
