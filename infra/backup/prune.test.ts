import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import type { Objects } from '@coverslip/platform/objects/port.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serviceFile } from './database.ts'
import { prune } from './prune.ts'
import { saveStore } from './stores.ts'
import { finished, nameAt, writeManifest } from './target.ts'

const DAY = 86_400_000
let folder: string
let from: Objects
let target: Objects
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-prune-'))
  from = await openObjects(`file:${folder}/store`)
  target = await openObjects(`file:${folder}/backup`)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function backupAt(day: number): Promise<void> {
  const objects = await saveStore('pyramid', { from, target, known: {}, waiting: ['u1'] })
  const at = new Date(day * DAY)
  const database = {}
  await writeManifest(target, nameAt(at), { version: 1, takenAt: at.toISOString(), database, streams: [], objects })
}
const keys = async (): Promise<string[]> => {
  const found: string[] = []
  for await (const { key } of target.list('objects/')) found.push(key)
  return found
}

test('what was erased leaves with the last backup that had it; the newest backup stays, however old', async () => {
  await from.put('a/1/pyramid.tiff', Buffer.from('erased later'))
  await backupAt(100)
  await from.deletePrefix('a/')
  await from.put('b/1/pyramid.tiff', Buffer.from('kept'))
  await backupAt(110)
  await target.put('objects/pyramid/left/1/by-a-crash', Buffer.from('?'))
  expect(await prune(target, 30 * DAY, 111 * DAY)).toEqual([])
  expect(await keys()).toEqual(['objects/pyramid/a/1/pyramid.tiff', 'objects/pyramid/b/1/pyramid.tiff'])
  expect(await prune(target, 30 * DAY, 500 * DAY)).toEqual([nameAt(new Date(100 * DAY))])
  expect(await keys()).toEqual(['objects/pyramid/b/1/pyramid.tiff'])
  expect(await finished(target)).toHaveLength(1)
})

test('of unfinished uploads only those are kept that wait to become objects', async () => {
  await from.put('.uploads/u1', Buffer.from('whole'))
  await from.put('.uploads/u2', Buffer.from('hal'))
  await backupAt(1)
  expect(await keys()).toEqual(['objects/pyramid/.uploads/u1'])
})

test('addresses become a service file, without what only our pool reads', () => {
  expect(serviceFile({ tiles: 'postgres://coverslip_tiles:p%40ss@db:5433/slides?pool=5&sslmode=require' })).toBe(
    '[tiles]\nhost=db\nport=5433\nuser=coverslip_tiles\npassword=p@ss\ndbname=slides\nsslmode=require\n',
  )
})
