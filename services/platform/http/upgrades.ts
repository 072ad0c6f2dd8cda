/** WebSockets: permission before the handshake, and an end to all of them when the process stops. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { ServiceError, toServiceError } from '../errors.ts'
import type { WebSocketHandler } from '../module.ts'
import { checkOrigin, makeCall } from './call.ts'
import { parseQuery } from './payload.ts'
import { problemHeaders, problemOf } from './problem.ts'
import { type HttpOptions, handlersOf, pathOf, searchOf } from './request.ts'
import type { Router } from './routes.ts'

export interface Upgrades {
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>
  /** The server does not count upgraded connections as its own: it would wait for them for ever when it stops. */
  drop(): void
}

export function createUpgrades(options: HttpOptions, find: Router): Upgrades {
  const handlers = handlersOf<WebSocketHandler>(options, 'websockets')
  const open = new Set<Duplex>()

  async function shake(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    checkOrigin(req, options.publicUrl(), { upgrade: true })
    const path = pathOf(req.url)
    const found = find('GET', path)
    const handler = 'route' in found ? handlers.get(found.route.name) : undefined
    if (!handler || !('route' in found)) throw new ServiceError('not-found', 'There is no WebSocket here')
    const query = parseQuery(found.route.spec, searchOf(req.url))
    const call = await makeCall(options, req, found.route, {
      params: found.params,
      path,
      query,
      signal: () => signalOf(socket),
    })
    await handler(call, req, socket, head)
  }

  return {
    async upgrade(req, socket, head) {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      socket.on('error', () => socket.destroy())
      await shake(req, socket, head).catch(error => refuse(socket, error))
    },
    drop: () => {
      for (const socket of open) socket.destroy()
    },
  }
}

function signalOf(socket: Duplex): AbortSignal {
  const controller = new AbortController()
  socket.once('close', () => controller.abort())
  return controller.signal
}

function refuse(socket: Duplex, error: unknown): void {
  const problem = problemOf(toServiceError(error))
  const body = JSON.stringify(problem)
  const fields = { ...problemHeaders(problem), connection: 'close', 'content-length': Buffer.byteLength(body) }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${problem.status} ${problem.title}`, ...lines, '', body].join('\r\n'))
}
