import { connect, createServer, type Server, type Socket } from 'node:net'
import { Transform } from 'node:stream'

export interface CuttingProxy {
  url: string
  /** Connections that were cut so far. */
  cuts(): number
  stop(): Promise<void>
}

/**
 * A TCP proxy that cuts the first connections, each after so many bytes in one direction, as a bad line does.
 * @param target origin of the server
 * @param cutAfter bytes per connection that is to be cut
 */
export async function startCuttingProxy(
  target: string,
  direction: 'up' | 'down',
  cutAfter: readonly number[],
): Promise<CuttingProxy> {
  let cuts = 0
  const open = new Set<Socket>()
  const server: Server = createServer(client => {
    const { hostname, port } = new URL(target)
    const upstream = connect(Number(port), hostname)
    const cut = (): void => {
      cuts++
      client.resetAndDestroy()
      upstream.destroy()
    }
    const limit = counting(cutAfter[cuts], cut)
    if (direction === 'up') client.pipe(limit).pipe(upstream).pipe(client)
    else client.pipe(upstream).pipe(limit).pipe(client)
    open.add(client)
    for (const socket of [client, upstream]) {
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(client.destroy())
        upstream.destroy()
      })
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    cuts: () => cuts,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        // Clients keep connections open for their next request.
        for (const socket of open) socket.destroy()
      }),
  }
}

/** Passes bytes on until the limit is reached; what comes with the last byte of it still passes. */
function counting(limit: number | undefined, reached: () => void): Transform {
  let seen = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length
      if (limit === undefined || seen < limit) return done(null, chunk)
      this.push(chunk)
      setImmediate(reached)
    },
  })
}
