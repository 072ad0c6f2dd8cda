/** What the suites of the bus share. */
import { randomUUID } from 'node:crypto'
import { vi } from 'vitest'
import { ServiceError } from '../errors.ts'
import type { Bus, BusMessage, ConsumerSpec, DeadHandler, Handler } from './port.ts'

export interface OpenedBus {
  bus: Bus
  /** Closes the bus and what it stands on. */
  close(): Promise<void>
  /** How many messages of the stream are kept as dead. */
  deadCount(stream: string): Promise<number>
}

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
export const decode = (data: Uint8Array): string => new TextDecoder().decode(data)
export const never: DeadHandler = (_message, error) =>
  Promise.reject(new Error('not expected to die', { cause: error }))
export const passing = (): ServiceError => new ServiceError('unavailable', 'away')
export const poison = (): ServiceError => new ServiceError('unsupported', 'not a slide')

/** Waits until the check passes; long enough for a busy machine. */
export const eventually = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, 15_000)

/** A stream of its own for one test, with its subjects and consumers. */
export function scene(): {
  stream: string
  subject(kind: string): string
  consumer(over?: Partial<ConsumerSpec>): ConsumerSpec
} {
  const token = randomUUID().slice(0, 8)
  const stream = `TEST_${token}`
  return {
    stream,
    subject: kind => `${stream}.onprem.${kind}`,
    consumer: over => ({
      stream,
      name: 'worker',
      subject: `${stream}.*.received`,
      ackWaitMs: 5000,
      maxDeliver: 3,
      backoffMs: [50, 100],
      concurrency: 1,
      ...over,
    }),
  }
}

/** A scene whose stream exists. */
export async function stage(
  bus: Bus,
): Promise<ReturnType<typeof scene> & { publish(text: string, kind?: string): Promise<void> }> {
  const made = scene()
  await bus.ensureStream({ name: made.stream, subjects: [`${made.stream}.*.*`], maxAgeMs: 3_600_000 })
  const publish = (text: string, kind = 'received'): Promise<void> =>
    bus.publish(made.subject(kind), encode(text), { id: randomUUID() })
  return { ...made, publish }
}

/** Handles by writing down the text. */
export function recorder(): { texts: string[]; messages: BusMessage[]; handle: Handler } {
  const texts: string[] = []
  const messages: BusMessage[] = []
  return {
    texts,
    messages,
    async handle(message) {
      texts.push(decode(message.data))
      messages.push(message)
    },
  }
}
