/** The WebSockets of this process: alive, not too slow, and open only as long as their credentials are good. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Watcher } from './hub.ts'

/** Own close codes (4000 to 4999); the rest are RFC 6455's. */
export const CLOSE = { goingAway: 1001, tryAgain: 1013, signedOut: 4401, gone: 4404 } as const

const PING_MS = 30_000
const CHECK_MS = 3000
/** A reader so far behind fetches everything again sooner than it reads this. */
const MAX_BUFFERED = 8 * 1024 * 1024

export interface Sockets {
  /** Takes over an upgraded connection. @param stillGood throws ServiceError once the socket must close */
  accept(
    upgrade: { req: IncomingMessage; socket: Duplex; head: Buffer },
    stillGood: () => Promise<unknown>,
    opened: (watcher: Watcher) => () => void,
  ): void
  /** Closes all. */
  stop(): void
}

export function openSockets(timing: { pingMs?: number; checkMs?: number } = {}): Sockets {
  // Readers say nothing but pong; compression would cost memory per socket.
  const server = new WebSocketServer({ noServer: true, maxPayload: 1024, perMessageDeflate: false })
  const checks = new Map<WebSocket, () => Promise<unknown>>()
  const silent = new Set<WebSocket>()

  const pinging = setInterval(() => {
    for (const socket of checks.keys()) {
      // No pong since the last ping: the other end is gone.
      if (silent.has(socket)) socket.terminate()
      silent.add(socket)
      socket.ping()
    }
  }, timing.pingMs ?? PING_MS).unref()
  const checking = setInterval(() => {
    for (const [socket, stillGood] of checks) stillGood().catch(error => closeFor(socket, error))
  }, timing.checkMs ?? CHECK_MS).unref()

  return {
    accept({ req, socket: connection, head }, stillGood, opened) {
      server.handleUpgrade(req, connection, head, socket => {
        checks.set(socket, stillGood)
        const leave = opened(watcherOf(socket))
        socket.on('pong', () => silent.delete(socket))
        socket.on('error', () => socket.terminate())
        socket.on('close', () => {
          checks.delete(socket)
          silent.delete(socket)
          leave()
        })
        // What is not good from the start is told at once: a browser sees a close code, but no refused upgrade.
        stillGood().catch(error => closeFor(socket, error))
      })
    },
    stop() {
      clearInterval(pinging)
      clearInterval(checking)
      for (const socket of checks.keys()) socket.close(CLOSE.goingAway)
      server.close()
    },
  }
}

/** Signed out and gone are final; anything else (the catalog restarts) is not the reader's matter. */
function closeFor(socket: WebSocket, error: unknown): void {
  if (!(error instanceof ServiceError)) return
  if (error.code === 'unauthenticated') socket.close(CLOSE.signedOut, 'signed out')
  if (error.code === 'not-found') socket.close(CLOSE.gone, 'the slide is gone')
}

function watcherOf(socket: WebSocket): Watcher {
  return {
    send(message) {
      if (socket.bufferedAmount > MAX_BUFFERED) return Promise.reject(new Error('the reader is too slow'))
      return new Promise((resolve, reject) => {
        socket.send(message, { binary: false }, error => (error ? reject(error) : resolve()))
      })
    },
    drop: () => socket.close(CLOSE.tryAgain, 'connect again'),
  }
}
