import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toServiceError } from '../errors.ts'
import { readBytes } from './body.ts'

const MOST = 1024
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const server = createServer(async (req, res) => {
  const answer = await readBytes(req, MOST, 'too much').then(
    bytes => String(bytes.length),
    error => toServiceError(error).publicMessage,
  )
  res.end(answer)
})

beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'))
afterAll(() => {
  agent.destroy()
  server.close()
})

async function send(bytes: number): Promise<string> {
  const { port } = server.address() as AddressInfo
  const asked = request({ port, host: '127.0.0.1', method: 'POST', agent })
  asked.end(Buffer.alloc(bytes))
  const [answer] = await once(asked, 'response')
  return text(answer)
}

test('a body is read whole, up to as much as may come', async () => {
  expect(await send(0)).toBe('0')
  expect(await send(MOST)).toBe(String(MOST))
  expect(await send(MOST + 1)).toBe('too much')
})

test('a body that is far too large does not hold up the next request of its connection', async () => {
  expect(await Promise.all([send(32 * 2 ** 20), send(3)])).toEqual(['too much', '3'])
})
