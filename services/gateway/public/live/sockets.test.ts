import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { Watcher } from './hub.ts'
import { CLOSE, openSockets, type Sockets } from './sockets.ts'

let sockets: Sockets
let server: Server
let watcher: Watcher
let left = 0

/** Serves sockets whose credentials are as good as `stillGood` says, and connects one. */
async function connect(
  stillGood: () => Promise<unknown>,
  timing: { pingMs?: number; checkMs?: number } = { checkMs: 20 },
  options: { autoPong?: boolean } = {},
): Promise<WebSocket> {
  sockets = openSockets(timing)
  left = 0
  server = createServer().on('upgrade', (req, socket, head) =>
    sockets.accept({ req, socket, head }, stillGood, accepted => {
      watcher = accepted
      return () => left++
    }),
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, options)
}
const closeOf = async (socket: WebSocket): Promise<number> => (await once(socket, 'close'))[0] as number
const good = async () => {}
const refusal = (code: 'unauthenticated' | 'not-found' | 'unavailable') => () =>
  Promise.reject(new ServiceError(code, 'no'))

afterEach(() => {
  sockets.stop()
  server.closeAllConnections()
  server.close()
})

describe('a socket', () => {
  it('sends what its watcher is told', async () => {
    const socket = await connect(good)
    await once(socket, 'open')
    void watcher.send(Buffer.from('{"type":"changes"}'))
    const [message, isBinary] = await once(socket, 'message')
    expect([String(message), isBinary]).toEqual(['{"type":"changes"}', false])
  })

  it.each([
    ['unauthenticated', CLOSE.signedOut],
    ['not-found', CLOSE.gone],
  ] as const)('closes when what it rests on is %s, soon after it opened', async (code, expected) => {
    let checks = 0
    const socket = await connect(() => (++checks > 2 ? refusal(code)() : good()))
    expect(await closeOf(socket)).toBe(expected)
    expect(checks).toBeGreaterThan(2)
    expect(left).toBe(1)
  })

  it('closes at once when it was not good from the start', async () => {
    const socket = await connect(refusal('not-found'), { checkMs: 60_000 })
    expect(await closeOf(socket)).toBe(CLOSE.gone)
  })

  it('stays open while a service restarts', async () => {
    const socket = await connect(refusal('unavailable'))
    await once(socket, 'open')
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(socket.readyState).toBe(WebSocket.OPEN)
  })

  it('ends when the other side answers no ping', async () => {
    const socket = await connect(good, { pingMs: 30 }, { autoPong: false })
    expect(await closeOf(socket)).toBe(1006)
    expect(left).toBe(1)
  })

  it('lives on while it answers', async () => {
    const socket = await connect(good, { pingMs: 20 })
    await once(socket, 'open')
    await new Promise(resolve => setTimeout(resolve, 150))
    expect(socket.readyState).toBe(WebSocket.OPEN)
  })

  it('takes no more than a reader can read', async () => {
    const socket = await connect(good)
    await once(socket, 'open')
    socket.pause()
    const megabyte = Buffer.alloc(1024 * 1024, 'x')
    const sent = Promise.allSettled(Array.from({ length: 40 }, () => watcher.send(megabyte)))
    const refused = watcher.send(megabyte)
    await expect(refused).rejects.toThrow('too slow')
    socket.terminate()
    await sent
  })

  it('is told to come again when it was dropped, and to go away when the process stops', async () => {
    const socket = await connect(good)
    await once(socket, 'open')
    watcher.drop()
    expect(await closeOf(socket)).toBe(CLOSE.tryAgain)
    const another = new WebSocket(socket.url)
    await once(another, 'open')
    sockets.stop()
    expect(await closeOf(another)).toBe(CLOSE.goingAway)
  })
})
