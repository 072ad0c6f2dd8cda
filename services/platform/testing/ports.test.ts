import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { freePort } from './ports.ts'

const helpers: ChildProcess[] = []
afterAll(() => {
  for (const helper of helpers) helper.kill('SIGKILL')
})

/** A process of its own that takes ports and stays. */
async function takenElsewhere(count: number): Promise<{ ports: number[]; helper: ChildProcess }> {
  const script = `
    import { freePort } from ${JSON.stringify(new URL('ports.ts', import.meta.url).href)}
    const ports = []
    for (let i = 0; i < ${count}; i++) ports.push(await freePort())
    console.log(JSON.stringify(ports))
    setInterval(() => {}, 1000)`
  const helper = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  helpers.push(helper)
  const [line] = (await once(createInterface({ input: helper.stdout }), 'line')) as [string]
  return { ports: JSON.parse(line) as number[], helper }
}

test('no port is given out twice, in one process or in several, and its neighbours are free', async () => {
  const here: number[] = []
  const [one, two] = await Promise.all([takenElsewhere(50), takenElsewhere(50)])
  for (let i = 0; i < 50; i++) here.push(await freePort())
  const all = [...here, ...one.ports, ...two.ports].sort((a, b) => a - b)
  for (const [i, port] of all.entries()) if (i > 0) expect(port - all[i - 1]!).toBeGreaterThanOrEqual(4)
})

test('a port is taken while its process lives or anybody listens on it, and free again afterwards', async () => {
  const { ports, helper } = await takenElsewhere(1)
  const [port] = ports as [number]
  await expect(freePort(port, port)).rejects.toThrow('no port of the loopback is free')
  helper.kill('SIGKILL')
  await once(helper, 'exit')
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  await expect(freePort(port, port)).rejects.toThrow('no port of the loopback is free')
  server.close()
  await once(server, 'close')
  expect(await freePort(port, port)).toBe(port)
})
