import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { TestServer } from '../testing/servers.ts'
import { eventually, scene } from './contract-scene.ts'
import type { ConsumerSpec } from './port.ts'
import { openTarget, type Target } from './target.ts'

// A process of its own that takes a message, says so, and never finishes.
const VICTIM = `
  import { openTarget } from ${JSON.stringify(new URL('target.ts', import.meta.url).href)}
  const { target, spec } = JSON.parse(process.argv[1])
  const { bus } = await openTarget(target)
  await bus.consume(spec, message => {
    console.log('delivery', message.deliveryCount)
    return new Promise(() => {})
  }, async () => console.log('dead'))`

/** Runs a consumer that is killed with the message in work. @returns the delivery's number. */
async function killedAtWork(target: Target, spec: ConsumerSpec): Promise<number> {
  const args = ['--input-type=module', '-e', VICTIM, JSON.stringify({ target, spec })]
  const victim = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = new Promise(resolve => victim.once('exit', resolve))
  let delivery = 0
  for await (const line of createInterface({ input: victim.stdout })) {
    delivery = Number(line.split(' ')[1])
    victim.kill('SIGKILL')
  }
  await gone
  return delivery
}

/** What must hold when consumers are killed; on a target of its own, since one process may need it alone. */
export function busCrashContract(target: () => Target): void {
  test('a message whose process was killed comes again; one that kills every time dies without being handled', async () => {
    const { stream, subject, consumer } = scene()
    const spec = consumer({ ackWaitMs: 1000, maxDeliver: 2 })
    const first = await openTarget(target())
    await first.bus.ensureStream({ name: stream, subjects: [`${stream}.*.*`], maxAgeMs: 3_600_000 })
    await first.bus.publish(subject('received'), Buffer.from('killer'), { id: 'killer' })
    await first.close()

    expect(await killedAtWork(target(), spec)).toBe(1)
    expect(await killedAtWork(target(), spec)).toBe(2)

    const last = await openTarget(target())
    const handled: number[] = []
    const died: number[] = []
    const subscription = await last.bus.consume(
      spec,
      async message => void handled.push(message.deliveryCount),
      async message => void died.push(message.deliveryCount),
    )
    await eventually(() => expect(died).toEqual([3]))
    expect(handled).toEqual([])
    await subscription.stop()
    await last.close()
  })
}

/** What must hold when the server is killed and restarted under load. */
export function busRestartContract(target: () => Target, server: () => TestServer): void {
  test('a server killed and restarted under load loses no message; consumers and followers go on by themselves', async () => {
    const { stream, subject, consumer } = scene()
    const { bus, close } = await openTarget(target())
    await bus.ensureStream({ name: stream, subjects: [`${stream}.*.*`], maxAgeMs: 3_600_000 })
    const handled = new Set<string>()
    const followed: string[] = []
    const spec = consumer({ concurrency: 4, ackWaitMs: 2000, maxDeliver: 20 })
    const handle = async ({ id }: { id: string }): Promise<void> => {
      await sleep(5)
      handled.add(id)
    }
    const subscription = await bus.consume(spec, handle, async () => {
      throw new Error('nothing may die')
    })
    const follower = await bus.follow({ stream, subject: subject('received'), from: 'start' }, ({ id }) => {
      followed.push(id)
    })
    const errors: unknown[] = []
    const published: string[] = []
    let running = true
    const load = async (): Promise<void> => {
      for (let n = 0; running; n += 1) {
        const id = `message-${n}`
        const send = (): Promise<void> => bus.publish(subject('received'), Buffer.from(id), { id })
        while (
          !(await send().then(
            () => true,
            error => !errors.push(error),
          ))
        )
          await sleep(50)
        published.push(id)
        await sleep(2)
      }
    }
    const publishing = load()
    await sleep(300)
    await server().kill()
    await sleep(300)
    await server().restart()
    const before = published.length
    await eventually(() => expect(published.length).toBeGreaterThan(before + 30))
    await server().restart()
    const later = published.length
    await eventually(() => expect(published.length).toBeGreaterThan(later + 30))
    running = false
    await publishing

    await eventually(() => expect(handled.size).toBe(published.length))
    await eventually(() => expect(followed).toEqual(published))
    for (const error of errors) expect(error).toMatchObject({ code: 'unavailable', retryable: true })
    await bus.ready()

    await server().kill()
    const start = performance.now()
    await Promise.all([subscription.stop(), follower.stop()])
    await close()
    expect(performance.now() - start, 'closing without the server').toBeLessThan(8000)
    await server().restart()
  })
}
