/** A TCP proxy that lets every byte travel for a while: a store that is far away, on this machine. */
import { createConnection, createServer, type Socket } from 'node:net'

export interface LatencyProxy {
  port: number
  close(): Promise<void>
}

/** @param ms added to each round trip, that which opens a connection included */
export async function startLatencyProxy(targetPort: number, ms: number): Promise<LatencyProxy> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, near => {
    sockets.add(near)
    near.pause()
    setTimeout(() => join(near, createConnection({ port: targetPort, host: '127.0.0.1', noDelay: true }), ms / 2), ms)
    near.once('close', () => sockets.delete(near))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function join(near: Socket, far: Socket, ms: number): void {
  delay(near, far, ms)
  delay(far, near, ms)
  near.resume()
}

/** Timers of the same length fire in the order in which they were set. */
function delay(from: Socket, to: Socket, ms: number): void {
  from.on('data', bytes => setTimeout(() => to.write(bytes), ms))
  from.on('end', () => setTimeout(() => to.end(), ms))
  from.on('error', () => to.destroy())
  from.on('close', () => setTimeout(() => to.destroy(), ms))
}
