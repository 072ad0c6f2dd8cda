/** A cable between two sites for tests: a TCP proxy that can be cut, and that keeps a record of what went through it. */
import { connect, createServer, type Socket } from 'node:net'

export interface Cable {
  port: number
  /** Ends every connection and takes no new one. */
  cut(): void
  mend(): void
  /** Every byte that went through, both ways. */
  record(): Buffer
  stop(): Promise<void>
}

/** @param host the address that the cable begins at */
export async function startCable(to: { host: string; port: number }, host = '127.0.0.1'): Promise<Cable> {
  const open = new Set<Socket>()
  const seen: Buffer[] = []
  let whole = true
  const server = createServer(near => {
    if (!whole) return void near.destroy()
    const far = connect(to)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one)
      one.on('data', data => seen.push(data))
      one.on('error', () => {})
      one.once('close', () => {
        open.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  await new Promise<void>(resolve => {
    server.listen(0, host, resolve)
  })
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      whole = false
      for (const socket of open) socket.destroy()
    },
    mend() {
      whole = true
    },
    record: () => Buffer.concat(seen),
    async stop() {
      for (const socket of open) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
