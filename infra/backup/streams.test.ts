import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import type { Objects } from '@coverslip/platform/objects/port.ts'
import type { TestServer } from '@coverslip/platform/testing/process.ts'
import { startNats } from '@coverslip/platform/testing/servers.ts'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Bus, describeStreams, matcher, openStreams, positions, restoreStream, saveStream } from './streams.ts'

let folder: string
let target: Objects
let server: TestServer
let bus: Bus

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-streams-'))
  target = await openObjects(`file:${folder}`)
  server = await startNats()
  bus = (await openStreams(server.url))!
})
afterAll(async () => {
  await bus?.close()
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  await bus.jsm.streams.add({ name: 'SLIDES', subjects: ['slides.*.tiled', 'slides.*.deleted'] })
})
afterEach(() => bus.jsm.streams.delete('SLIDES'))

const publish = (subject: string, data: string) => bus.js.publish(subject, data, { msgID: `id of ${data}` })

/** As a restore into empty servers. */
async function lostAndRestored(key: string, cut: number): Promise<number> {
  const [described] = await describeStreams(bus)
  const saved = await saveStream(bus, described!, cut, target, key)
  await bus.jsm.streams.delete('SLIDES')
  return restoreStream(bus, saved, target, key)
}

async function everything(): Promise<string[]> {
  const { state } = await bus.jsm.streams.info('SLIDES')
  const all = Array.from({ length: state.last_seq }, async (_, i) => {
    const message = await bus.jsm.streams.getMessage('SLIDES', { seq: i + 1 })
    return `${message!.subject} ${message!.string()} ${message!.header.get('Nats-Msg-Id')}`
  })
  return Promise.all(all)
}

test('messages come back in order and under their ids; what was told after the moment only if it takes away', async () => {
  await publish('slides.onprem.tiled', 'a')
  await publish('slides.onprem.tiled', 'b')
  const { SLIDES: cut } = await positions(bus)
  await publish('slides.onprem.tiled', 'after')
  await publish('slides.onprem.deleted', 'gone')
  expect(await lostAndRestored('one', cut!)).toBe(3)
  expect(await everything()).toEqual([
    'slides.onprem.tiled a id of a',
    'slides.onprem.tiled b id of b',
    'slides.onprem.deleted gone id of gone',
  ])
})

test('a consumer goes on after what it had acknowledged, also where messages before it have expired', async () => {
  for (const data of ['x', 'y', 'z', 'last']) await publish('slides.onprem.tiled', data)
  await bus.jsm.streams.deleteMessage('SLIDES', 1)
  const config = {
    durable_name: 'tiles-slides-tiled',
    ack_policy: 'explicit',
    filter_subject: 'slides.*.tiled',
  } as const
  await bus.jsm.consumers.add('SLIDES', config)
  const taken = await (await bus.js.consumers.get('SLIDES', 'tiles-slides-tiled')).fetch({
    max_messages: 2,
    expires: 2000,
  })
  for await (const message of taken) await message.ackAck()
  await lostAndRestored('two', 4)
  // A service asks for its consumer as at any start.
  await bus.jsm.consumers.add('SLIDES', config)
  const left: string[] = []
  const again = await (await bus.js.consumers.get('SLIDES', 'tiles-slides-tiled')).fetch({
    max_messages: 9,
    expires: 1000,
  })
  for await (const message of again) left.push(message.string())
  expect(left).toEqual(['last'])
})

test('a stream that holds something is not replaced', async () => {
  await publish('slides.onprem.tiled', 'precious')
  const [described] = await describeStreams(bus)
  const saved = await saveStream(bus, described!, 1, target, 'three')
  await expect(restoreStream(bus, saved, target, 'three')).rejects.toThrow(/holds messages/)
})

test.each([
  ['slides.*.tiled', 'slides.onprem.tiled', true],
  ['slides.*.tiled', 'slides.onprem.tiled.more', false],
  ['slides.onprem.*', 'slides.cloud.tiled', false],
  ['dead.>', 'dead.SLIDES.tiles', true],
  ['dead.>', 'dead', false],
])('%s and %s', (pattern, subject, expected) => {
  expect(matcher([pattern])(subject)).toBe(expected)
})
