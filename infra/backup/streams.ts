/**
 * The streams: what was told and has not been acted on by everybody is nowhere else. Messages are read and stored as
 * lines, not as the server's own snapshot: that belongs to a version of the server, and cannot be cut at a moment.
 */

import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import { connectNats } from '@coverslip/platform/bus/nats-connection.ts'
import type { Objects, ReadableObjects } from '@coverslip/platform/objects/port.ts'
import {
  type ConsumerConfig,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  type StreamConfig,
} from '@nats-io/jetstream'
import { headers as natsHeaders } from '@nats-io/transport-node'
import { digesting, type SavedStream } from './target.ts'

/** Told to viewers that are open at the moment; nobody reads them afterwards. */
const NOT_KEPT: readonly string[] = ['ANNOTATIONS']
/** What takes something away is kept even when it was told after the moment of the backup: nothing erased comes back. */
const TAKES_AWAY = /^(slides\.[^.]+\.deleted|access\.[^.]+\.revoked)$/

const ACKED_AT_ONCE = 100

export interface Bus {
  js: JetStreamClient
  jsm: JetStreamManager
  close(): Promise<void>
}

/** Undefined for a bus that keeps its events in the database. */
export async function openStreams(url: string): Promise<Bus | undefined> {
  if (url.startsWith('embedded:')) return undefined
  const { nc } = await connectNats(url)
  return { js: jetstream(nc), jsm: await jetstreamManager(nc), close: () => nc.close() }
}

/** How far each stream is, by its name. */
export type Positions = Record<string, number>

export async function positions({ jsm }: Bus): Promise<Positions> {
  const found: Positions = {}
  for await (const { config, state } of jsm.streams.list()) {
    if (!NOT_KEPT.includes(config.name)) found[config.name] = state.last_seq
  }
  return found
}

export const samePositions = (a: Positions, b: Positions): boolean =>
  Object.keys({ ...a, ...b }).every(name => a[name] === b[name])

/** Configurations, and how far each consumer has acknowledged. Read before the moment: what was acted on is in the database. */
export async function describeStreams({ jsm }: Bus): Promise<Pick<SavedStream, 'config' | 'consumers'>[]> {
  const found: Pick<SavedStream, 'config' | 'consumers'>[] = []
  for await (const { config } of jsm.streams.list()) {
    if (NOT_KEPT.includes(config.name)) continue
    const consumers: SavedStream['consumers'] = []
    for await (const info of jsm.consumers.list(config.name)) {
      const { durable_name } = info.config
      if (durable_name) consumers.push({ config: { ...info.config }, ackFloor: info.ack_floor.stream_seq })
    }
    found.push({ config: { ...config }, consumers })
  }
  return found
}

interface Line {
  seq: number
  subject: string
  headers: Record<string, string[]>
  data: string
}

/** Saves a stream up to a position, and beyond it what takes away. */
export async function saveStream(
  bus: Bus,
  described: Pick<SavedStream, 'config' | 'consumers'>,
  cut: number,
  target: Objects,
  key: string,
): Promise<SavedStream> {
  let messages = 0
  async function* lines(): AsyncGenerator<string> {
    for await (const line of messagesOf(bus, described.config.name)) {
      if (line.seq > cut && !TAKES_AWAY.test(line.subject)) continue
      messages += 1
      yield `${JSON.stringify(line)}\n`
    }
  }
  const body = digesting(Readable.from(lines()).pipe(createGzip()))
  await target.put(key, Readable.from(body.chunks, { objectMode: false }))
  return { ...described, messages, file: body.stored() }
}

async function* messagesOf({ js, jsm }: Bus, stream: string): AsyncGenerator<Line> {
  const { state } = await jsm.streams.info(stream)
  if (state.messages === 0) return
  const consumer = await js.consumers.get(stream, { deliver_policy: DeliverPolicy.All })
  const messages = await consumer.consume({ max_messages: 500 })
  for await (const { info, subject, headers, data } of messages) {
    const all = Object.fromEntries([...(headers ?? [])].map(([name, values]) => [name, [...values]]))
    yield { seq: info.streamSequence, subject, headers: all, data: Buffer.from(data).toString('base64') }
    if (info.pending === 0 || info.streamSequence >= state.last_seq) messages.stop()
  }
}

/**
 * Makes a stream again with its messages, and its consumers where they had been. What came from another site comes again
 * by itself. @throws Error when the stream holds something
 */
export async function restoreStream(
  bus: Bus,
  saved: SavedStream,
  target: ReadableObjects,
  key: string,
): Promise<number> {
  const { name } = saved.config
  const there = await bus.jsm.streams.info(name).catch(() => undefined)
  if (there && there.state.messages > 0)
    throw new Error(`the stream ${name} holds messages; restore into empty servers`)
  if (there) await bus.jsm.streams.delete(name)
  await bus.jsm.streams.add(saved.config as Partial<StreamConfig> & { name: string })
  const isOwn = matcher(saved.config.subjects ?? [])
  /** New positions of messages by their former ones, ascending. */
  const placed: [number, number][] = []
  for await (const line of linesIn(target, key)) {
    if (!isOwn(line.subject)) continue
    const { seq } = await bus.js.publish(line.subject, Buffer.from(line.data, 'base64'), { headers: headersOf(line) })
    placed.push([line.seq, seq])
  }
  for (const one of saved.consumers) await restoreConsumer(bus, name, one, placed)
  return placed.length
}

/**
 * The consumer as its service makes it, from the first message on; what had been acknowledged is acknowledged again. A
 * consumer that begins later would do the same, but a server refuses to change the beginning of one, or to hear of it.
 */
async function restoreConsumer(
  { js, jsm }: Bus,
  stream: string,
  { config, ackFloor }: SavedStream['consumers'][number],
  placed: [number, number][],
): Promise<void> {
  const { num_pending } = await jsm.consumers.add(stream, config as Partial<ConsumerConfig>)
  const done = placed.findLast(([former]) => former <= ackFloor)?.[1] ?? 0
  if (num_pending === 0 || done === 0) return
  const consumer = await js.consumers.get(stream, String(config.durable_name))
  for (let left = num_pending; left > 0; ) {
    const messages = await consumer.fetch({ max_messages: Math.min(left, ACKED_AT_ONCE), expires: 5000 })
    for await (const message of messages) {
      if (message.info.streamSequence > done) {
        message.nak()
        left = 0
      } else {
        left = message.info.pending
        await message.ackAck()
      }
    }
  }
}

async function* linesIn(target: ReadableObjects, key: string): AsyncGenerator<Line> {
  const input = (await target.stream(key)).pipe(createGunzip())
  for await (const line of createInterface({ input })) yield JSON.parse(line) as Line
}

function headersOf({ headers }: Line): ReturnType<typeof natsHeaders> {
  const made = natsHeaders()
  for (const [name, values] of Object.entries(headers)) for (const value of values) made.append(name, value)
  return made
}

/** Whether a subject is one of these: `*` is a token, `>` at the end the rest. */
export function matcher(subjects: readonly string[]): (subject: string) => boolean {
  const token = (part: string): string =>
    part === '>' ? '.+' : part === '*' ? '[^.]+' : part.replaceAll(/[^\w-]/g, found => `\\${found}`)
  const patterns = subjects.map(subject => new RegExp(`^${subject.split('.').map(token).join('\\.')}$`))
  return subject => patterns.some(pattern => pattern.test(subject))
}
