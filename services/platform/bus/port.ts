/**
 * The bus carries events from one service to the next. Messages are durable, delivered at least once to each consumer,
 * and in publishing order as long as none fails. Handlers are idempotent by what the message says.
 */

export interface StreamSpec {
  /** Upper-case name, for one `SLIDES`. */
  name: string
  /** Subjects kept by the stream; `*` stands for one token. */
  subjects: string[]
  /** How long messages are kept, whoever has consumed them. */
  maxAgeMs: number
}

export interface ConsumerSpec {
  stream: string
  /** Durable name, the same for all replicas of one service: each message goes to one of them. */
  name: string
  /** One filter subject (NATS 2.9 knows no more). */
  subject: string
  /** A message not acknowledged and without a sign of work for so long is delivered again. */
  ackWaitMs: number
  /** After so many deliveries the message counts as dead. */
  maxDeliver: number
  /** Waiting time before delivery n+1 after a retryable error; the last value repeats. */
  backoffMs: number[]
  /** Messages in work at once in this process. */
  concurrency: number
  /** One message in work at once in all processes together: what follows waits for it, also while it is tried again. */
  inOrder?: boolean
}

export interface BusMessage {
  readonly id: string
  /** Where the stream keeps it, for `forget`. */
  readonly place: string
  readonly subject: string
  readonly data: Uint8Array
  readonly headers: Readonly<Record<string, string>>
  /** 1 at the first delivery. */
  readonly deliveryCount: number
}

/**
 * Handles one message. Return acknowledges it; an error with `retryable: true` brings it back after the back-off; any
 * other error, or the last delivery, makes it dead. While the promise is pending the adapter keeps telling the bus that
 * work goes on. `signal` is aborted when the consumer stops: give up soon, the message will come again.
 */
export type Handler = (message: BusMessage, signal: AbortSignal) => Promise<void>

/** Called before a dead message is put aside (it is kept, for a person to look at); when it throws, the message is delivered
 * again later. */
export type DeadHandler = (message: BusMessage, error: unknown) => Promise<void>

/** What a consumer has still to do. */
export interface Backlog {
  /** Messages that wait or are in work. */
  messages: number
  /** For how long the oldest of them has been stored; 0 without one. */
  oldestMs: number
}

export interface Subscription {
  /** Stops taking messages, waits for the ones in work (they are aborted after `graceMs`, default 10 s). */
  stop(graceMs?: number): Promise<void>
}

export interface Bus {
  /** Makes or updates a stream; the same call from several processes at once is fine. */
  ensureStream(spec: StreamSpec): Promise<void>
  /**
   * Resolves when the message is stored durably. The same `id` within two minutes is stored once.
   * @throws an error with `retryable: true` when the bus is away or no stream has the subject yet.
   */
  publish(subject: string, data: Uint8Array, options: { id: string; headers?: Record<string, string> }): Promise<void>
  /** A durable consumer: a message published before its consumer first exists is delivered, too. */
  consume(spec: ConsumerSpec, handle: Handler, dead: DeadHandler): Promise<Subscription>
  /** How far a consumer is behind, all its replicas together. */
  backlog(consumer: Pick<ConsumerSpec, 'stream' | 'name' | 'subject'>): Promise<Backlog>
  /**
   * Every process sees every stored message, in order, from the start of the stream or from now on; resumes by itself
   * after the bus was away. Resolves when all messages stored before the call have been handled. After a retryable error
   * `handle` gets the same message again; any other error is reported and the message passed over.
   * @throws an error with `retryable: true` when the stream does not exist yet, as `consume` does.
   */
  follow(
    spec: { stream: string; subject: string; from: 'start' | 'now' },
    handle: (message: BusMessage) => void | Promise<void>,
  ): Promise<Subscription>
  /** Removes one message for good, from whoever has not had it yet, too; one that is gone already is no error. */
  forget(stream: string, place: string): Promise<void>
  /** The id of the newest message of a subject that the stream keeps. @throws as `consume` without the stream */
  newestId(stream: string, subject: string): Promise<string | undefined>
  /**
   * Sends to whoever listens at this moment; nothing is kept (progress, presence).
   * @throws ServiceError `too-large` for more than 4096 bytes.
   */
  signal(subject: string, data: Uint8Array): Promise<void>
  listen(subject: string, handle: (subject: string, data: Uint8Array) => void): Promise<Subscription>
  /** Rejects with the reason when the bus cannot be used now. */
  ready(): Promise<void>
  close(): Promise<void>
}
