import { expect, test } from 'vitest'
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
