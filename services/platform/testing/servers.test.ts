import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { expect, test, vi } from 'vitest'
import { s3Missing, startNats, startPostgres, startRedis, startS3 } from './servers.ts'

test.each([
  ['Redis', startRedis],
  ['NATS', startNats],
  ['PostgreSQL', startPostgres],
])('%s starts, is killed, comes back on the same address, and stops', async (_title, start) => {
  const server = await start()
  const url = server.url
  await server.kill()
  await server.restart()
  expect(server.url).toBe(url)
  await server.stop()
})

const missing = s3Missing()
test.skipIf(missing)(`an S3 server starts and stops${missing ? ` (${missing})` : ''}`, async () => {
  const started = await startS3()
  if ('missing' in started) throw new Error(started.missing)
  expect(started.server.url).toMatch(/^s3:/)
  await started.server.stop()
})

test('a server ends with the process that started it, even by kill -9', async () => {
  const script = `
    import { startRedis } from ${JSON.stringify(new URL('servers.ts', import.meta.url).href)}
    console.log((await startRedis()).url)
    setInterval(() => {}, 1000)`
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [url] = (await once(createInterface({ input: starter.stdout }), 'line')) as [string]
  const answers = (): Promise<boolean> =>
    new Promise(resolve => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => resolve(true))
      socket.once('error', () => resolve(false)).once('connect', () => socket.destroy())
    })
  expect(await answers()).toBe(true)
  starter.kill('SIGKILL')
  await vi.waitFor(async () => expect(await answers()).toBe(false), 10_000)
})
