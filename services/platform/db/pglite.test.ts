import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyDatabase } from '../testing/database.ts'
import { databaseContract } from './contract.ts'
import { openDatabase } from './index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-pglite-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('PGlite', () => databaseContract(() => openDatabase(`pglite:${folder}/db`)))

// A process of its own: opens the folder, inserts row after row, and writes each number once it is acknowledged.
const WRITER = `
  import { openDatabase } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))}
  const database = await openDatabase(process.argv[1])
  const db = await database.open('killed', [{ name: '001-row', sql: s => 'create table ' + s + '.row (n int)' }])
  for (let n = 0; ; n += 1) {
    await db.transaction(trx => trx.insertInto('row').values({ n }).execute())
    console.log(n)
  }`

function startWriter(url: string): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '-e', WRITER, url], { stdio: ['ignore', 'pipe', 'pipe'] })
}

test('kill -9 loses no acknowledged row and frees the folder; a second process is told who holds it', async () => {
  const url = await emptyDatabase(join(folder, 'killed'))
  for (let round = 1; round <= 2; round += 1) {
    const writer = startWriter(url)
    let acknowledged = -1
    for await (const line of createInterface({ input: writer.stdout! })) {
      acknowledged = Number(line)
      if (acknowledged === 5) await expect(openDatabase(url)).rejects.toThrow(`in use by process ${writer.pid}`)
      if (acknowledged === 50) writer.kill('SIGKILL')
    }
    const database = await openDatabase(url)
    const db = await database.open<{ row: { n: number } }>('killed', [])
    const { last } = await db.query
      .selectFrom('row')
      .select(eb => eb.fn.max('n').as('last'))
      .executeTakeFirstOrThrow()
    expect(last).toBeGreaterThanOrEqual(acknowledged)
    await db.query.deleteFrom('row').execute()
    await database.close()
  }
})
