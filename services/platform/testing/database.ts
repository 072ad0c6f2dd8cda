/** Databases for tests: copies of one that was made once, since making one (initdb) takes PGlite seconds of CPU. */
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'

/**
 * Puts an empty database where `pglite:<folder>` will find it.
 * @param folder of the database; not there yet
 * @returns its URL
 */
export async function emptyDatabase(folder: string): Promise<string> {
  await cp(await template(), folder, { recursive: true })
  return `pglite:${folder}`
}

/** Kept between runs, one for each version of PGlite. */
async function template(): Promise<string> {
  const description = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'))
  const { version } = JSON.parse(await readFile(description, 'utf8')) as { version: string }
  const folder = join(tmpdir(), 'coverslip-test-tools')
  const target = join(folder, `pglite-${version}`)
  if (existsSync(target)) return target
  await mkdir(folder, { recursive: true })
  const part = await mkdtemp(`${target}.`)
  const database = await PGlite.create({ dataDir: part })
  await database.close()
  await rename(part, target).catch(async (error: { code?: string }) => {
    // Another test was faster.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    await rm(part, { recursive: true })
  })
  return target
}
