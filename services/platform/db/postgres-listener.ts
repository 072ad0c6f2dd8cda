import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const PING_MS = 30_000
const MAX_WAIT_MS = 5000

export interface Listener {
  listen(channel: string, handle: (payload: string) => void): Promise<{ stop(): Promise<void> }>
  close(): Promise<void>
}

/**
 * LISTEN on one connection of its own, made at the first use and made again whenever it breaks. What was notified in
 * between is unknown, so every handler is then called with an empty payload.
 */
export function createListener(config: pg.ClientConfig): Listener {
  const handlers = new Map<string, Set<(payload: string) => void>>()
  let connection: Promise<pg.Client> | undefined
  let live: pg.Client | undefined
  let ping: NodeJS.Timeout | undefined
  let closed = false

  function connected(): Promise<pg.Client> {
    connection ??= connect()
    return connection
  }

  async function connect(): Promise<pg.Client> {
    for (let failures = 0; !closed; failures += 1) {
      const client = newClient(config)
      try {
        await client.connect()
        for (const channel of handlers.keys()) await client.query(`listen "${channel}"`)
        watch(client)
        return client
      } catch {
        await client.end().catch(() => {})
        await sleep(Math.min(MAX_WAIT_MS, 100 * 2 ** failures))
      }
    }
    throw new Error('the database is closed')
  }

  function watch(client: pg.Client): void {
    live = client
    client.on('notification', ({ channel, payload }) => tell(channel, payload ?? ''))
    client.once('end', () => {
      clearInterval(ping)
      connection = undefined
      live = undefined
      if (closed || handlers.size === 0) return
      connected().then(
        () => {
          for (const channel of handlers.keys()) tell(channel, '')
        },
        () => {},
      )
    })
    // A peer that vanished without a word is noticed by nothing else: this connection never sends.
    ping = setInterval(() => client.query('select 1').catch(() => client.end().catch(() => {})), PING_MS)
    ping.unref()
  }

  function tell(channel: string, payload: string): void {
    for (const handle of handlers.get(channel) ?? []) handle(payload)
  }

  return {
    async listen(channel, handle) {
      const own = handlers.get(channel) ?? new Set()
      handlers.set(channel, own.add(handle))
      const client = await connected()
      // A connection that breaks meanwhile is made again, with every channel.
      await client.query(`listen "${channel}"`).catch(() => connected())
      return {
        async stop() {
          own.delete(handle)
          if (own.size > 0 || handlers.get(channel) !== own) return
          handlers.delete(channel)
          // A connection that is made later does not listen to this channel.
          await live?.query(`unlisten "${channel}"`).catch(() => {})
        },
      }
    },
    async close() {
      closed = true
      clearInterval(ping)
      const client = await connection?.catch(() => undefined)
      live = undefined
      await client?.end().catch(() => {})
    },
  }
}

function newClient(config: pg.ClientConfig): pg.Client {
  const client = new pg.Client({ ...config, query_timeout: 10_000, application_name: 'coverslip listener' })
  // 'end' follows; without a listener 'error' would end the process.
  client.on('error', () => {})
  return client
}
