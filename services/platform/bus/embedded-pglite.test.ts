import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyDatabase } from '../testing/database.ts'
import { busContract } from './contract.ts'
import { busCrashContract } from './contract-crash.ts'
import { openEmbeddedBus } from './contract-embedded.ts'
import { openBus } from './index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-bus-'))
  for (const name of ['contract', 'crash']) await emptyDatabase(join(folder, name))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('embedded in PGlite', () => {
  busContract(() => openEmbeddedBus(`pglite:${folder}/contract`))
  busCrashContract(() => ({ bus: 'embedded:', database: `pglite:${folder}/crash` }))
})

test('an embedded bus without a database is refused', async () => {
  await expect(openBus('embedded:', {})).rejects.toThrow('needs a database')
})
