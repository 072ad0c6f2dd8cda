/** The database by PostgreSQL's own programs, each schema with its service's own role. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { KEEPERS } from '../postgres/roles.ts'
import type { BackupConfig } from './settings.ts'

const SCRIPT = new URL('../../charts/coverslip/files/backup-database.sh', import.meta.url).pathname
const POLL_MS = 200

/** The address of each schema. */
export type Addresses = Record<string, string>

/** @throws Error for a database that is a folder: `coverslip backup` copies that. */
export async function addressesOf(config: Pick<BackupConfig, 'DATABASE_URL' | 'DATABASE_URLS'>): Promise<Addresses> {
  const { DATABASE_URLS: folder, DATABASE_URL: url } = config
  const names = folder ? (await readdir(folder)).filter(name => (KEEPERS as readonly string[]).includes(name)) : KEEPERS
  const pairs = names.map(
    async name => [name, folder ? (await readFile(join(folder, name), 'utf8')).trim() : url] as const,
  )
  const found = Object.fromEntries(await Promise.all(pairs))
  if (!/^postgres(ql)?:/.test(Object.values(found)[0] ?? '')) {
    throw new Error('the database is not PostgreSQL; a data folder is backed up by `coverslip backup`')
  }
  return found
}

/** A connection for a few queries. */
export async function asked<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return work(client).finally(() => client.end())
}

/** What a server says that starts at the same time as this program. */
const AWAY = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', '57P03'])
const START_MS = 180_000

async function untilAnswered(url: string): Promise<void> {
  const deadline = Date.now() + START_MS
  for (;;) {
    try {
      return await asked(url, async client => void (await client.query('select 1')))
    } catch (error) {
      if (!AWAY.has((error as { code?: string }).code ?? '') || Date.now() > deadline) throw error
      await sleep(1000)
    }
  }
}

/** Who runs PostgreSQL's programs: another container that shares the folder, or a process of our own. */
export interface Programs {
  /** Holds a dump for each schema. */
  dumps: string
  /** @throws Error with what the program said */
  run(what: 'dump' | 'restore', snapshot?: string): Promise<void>
  close(): Promise<void>
}

export async function openPrograms(addresses: Addresses, handover: string): Promise<Programs> {
  const folder = handover || (await mkdtemp(join(tmpdir(), 'coverslip-backup-')))
  const dumps = join(folder, 'dumps')
  await mkdir(dumps, { recursive: true })
  await writeFile(join(folder, 'services'), serviceFile(addresses), { mode: 0o600 })
  const child = handover ? undefined : spawn('sh', [SCRIPT, folder], { stdio: 'ignore' })
  return {
    dumps,
    async run(what, snapshot = '') {
      await writeFile(join(folder, 'ask.part'), `${what} ${snapshot}\n`)
      await rename(join(folder, 'ask.part'), join(folder, 'ask'))
      while (!existsSync(join(folder, 'done'))) {
        if (existsSync(join(folder, 'failed'))) throw new Error(await readFile(join(folder, 'failed'), 'utf8'))
        await sleep(POLL_MS)
      }
    },
    async close() {
      child?.kill()
      if (!handover) await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The addresses in libpq's own form, so that no password is in a command line. */
export function serviceFile(addresses: Addresses): string {
  const sections = Object.entries(addresses).map(([schema, address]) => {
    const { hostname, port, username, password, pathname, searchParams } = new URL(address)
    // Read by our own pool only.
    searchParams.delete('pool')
    const named = { host: hostname, port, user: username, password, dbname: pathname.slice(1) }
    const lines = Object.entries(named).map(([name, value]) => [name, decodeURIComponent(value)] as const)
    const given = [...lines, ...searchParams].filter(([, value]) => value !== '')
    return [`[${schema}]`, ...given.map(pair => pair.join('=')), ''].join('\n')
  })
  return sections.join('\n')
}

/** Makes schemas that are missing, as soon as the server answers. @throws Error when one holds a table */
export async function prepareEmpty(addresses: Addresses): Promise<void> {
  await untilAnswered(Object.values(addresses)[0]!)
  for (const [schema, url] of Object.entries(addresses)) {
    await asked(url, async client => {
      const tables = await client.query('select 1 from pg_tables where schemaname = $1 limit 1', [schema])
      if (tables.rowCount) throw new Error(`the schema ${schema} holds tables; restore into an empty database`)
      const there = await client.query('select 1 from pg_namespace where nspname = $1', [schema])
      if (!there.rowCount) await client.query(`create schema ${schema}`)
    })
  }
}
