import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { openBus } from '@coverslip/platform/bus/index.ts'
import { startLink } from '@coverslip/platform/bus/link.ts'
import type { Bus } from '@coverslip/platform/bus/port.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { flow } from '@coverslip/proto/flow.ts'
import { streams } from '@coverslip/proto/streams.ts'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Sites, startSites } from './servers.ts'

const eventually = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, 40_000)
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => new TextDecoder().decode(data)

/** Every NATS server that is at hand: Debian's, and a newer one where COVERSLIP_NATS_SERVER names it. */
const programs: [title: string, program?: string][] = [
  ['nats-server of the system'],
  ...(process.env.COVERSLIP_NATS_SERVER
    ? [['a newer nats-server', process.env.COVERSLIP_NATS_SERVER] as [string, string]]
    : []),
]

describe.each(programs)('two sites, %s', (_title, program) => {
  let sites: Sites
  let onprem: Bus
  let cloud: Bus
  let far: Bus
  /** Somebody hostile at the cloud: its own services' user, who may do all there. */
  let hostile: NatsConnection
  const heard: { subject: string; data: string }[] = []
  const failures: string[] = []
  let link: ReturnType<typeof startLink>
  const report = (what: string): void => void failures.push(what)

  beforeAll(async () => {
    sites = await startSites(program)
    onprem = await openBus(sites.onprem.url, {})
    cloud = await openBus(sites.cloud.url, {})
    for (const stream of streams()) await Promise.all([onprem.ensureStream(stream), cloud.ensureStream(stream)])
    far = await openBus(sites.linkUrl, { domain: 'cloud' })
    link = startLink({ site: 'onprem', bus: onprem }, { site: 'cloud', bus: far }, report)
    hostile = await connect({ servers: sites.cloud.url.replace(/.*@/, ''), user: 'coverslip', pass: 'test-password' })
    hostile.subscribe('>', {
      callback: (_error, { subject, data }) => void heard.push({ subject, data: text(data) }),
    })
    await hostile.flush()
    await eventually(() => expect(link.waiting()).toBe(0))
  })
  afterAll(async () => {
    await link?.stop()
    await hostile?.close()
    await Promise.all([onprem, cloud, far].map(bus => bus?.close()))
    await sites?.stop()
  })

  /** What a site's stream keeps on a subject, in order. */
  async function kept(bus: Bus, stream: string, subject: string): Promise<string[]> {
    const found: string[] = []
    const follower = await bus.follow({ stream, subject, from: 'start' }, ({ data }) => void found.push(text(data)))
    await follower.stop()
    return found
  }

  const publish = async (bus: Bus, subject: string, of: string): Promise<void> =>
    bus.publish(subject, bytes(of), { id: randomUUID(), headers: { traceparent: 'kept' } })

  test('what may leave goes to the cloud, what is made there comes back; each is kept once at each site', async () => {
    await publish(onprem, 'slides.onprem.deidentified', 'released')
    await publish(cloud, 'slides.cloud.deleted', 'deleted in the cloud')
    await eventually(async () => {
      expect(await kept(cloud, 'SLIDES', 'slides.>')).toEqual(expect.arrayContaining(['released']))
      expect(await kept(onprem, 'SLIDES', 'slides.>')).toEqual(expect.arrayContaining(['deleted in the cloud']))
    })
    await sleep(500)
    for (const bus of [onprem, cloud]) {
      expect((await kept(bus, 'SLIDES', 'slides.>')).toSorted()).toEqual(['deleted in the cloud', 'released'])
    }
  })

  test('progress is told at both sites, as long as nobody has to keep it', async () => {
    const told: string[] = []
    const listener = await cloud.listen(
      'pyramid.*.progress',
      (subject, data) => void told.push(`${subject} ${text(data)}`),
    )
    await eventually(async () => {
      await onprem.signal('pyramid.onprem.progress', bytes('half'))
      await sleep(50)
      expect(told).toContain('pyramid.onprem.progress half')
    })
    await listener.stop()
  })

  test('nothing of what must not leave is heard in the cloud, whatever is asked for there', async () => {
    const never = Object.entries(flow).filter(([, { leaves }]) => !leaves)
    const secret = `secret-${randomUUID()}`
    for (const [name, { stream }] of never) {
      const [what, happened] = name.split('.')
      const subject = `${what}.onprem.${happened}`
      if (stream === null) await onprem.signal(subject, bytes(secret))
      else await publish(onprem, subject, secret)
    }
    // Does not cross either: nobody in the cloud acts on it.
    await publish(onprem, 'annotations.onprem.changed', secret)
    for (const subject of [
      '$JS.onprem.API.INFO',
      '$JS.onprem.API.STREAM.NAMES',
      '$JS.onprem.API.STREAM.MSG.GET.INTAKE',
      '$JS.onprem.API.STREAM.PURGE.INTAKE',
      '$JS.onprem.API.CONSUMER.CREATE.INTAKE',
      '$JS.API.STREAM.MSG.GET.INTAKE',
    ]) {
      const answer = await hostile.request(subject, '{"seq":1}', { timeout: 700 }).then(
        message => message.string(),
        (error: Error) => error.name,
      )
      // The cloud has a stream INTAKE as well: always empty.
      expect(answer, subject).toMatch(/TimeoutError|NoRespondersError|no message found/)
    }
    // What the cloud says on the hospital's subjects reaches nobody there.
    hostile.publish('slides.onprem.received', 'forged')
    hostile.publish('$JS.onprem.API.STREAM.DELETE.INTAKE', '')
    await hostile.flush()
    await sleep(700)
    expect(await kept(onprem, 'INTAKE', '>')).toEqual(never.filter(([, { stream }]) => stream).map(() => secret))
    expect(heard.filter(({ data }) => data.includes(secret))).toEqual([])
    expect(sites.cable.record().includes(secret)).toBe(false)
    expect(sites.cable.record().includes('released')).toBe(true)
  })

  test('the link itself may say nothing but what leaves: the server refuses it', async () => {
    const server = sites.linkUrl.replace(/.*@/, '')
    const nc = await connect({ servers: server, user: 'link', pass: 'test-password' })
    const refused: string[] = []
    void (async () => {
      for await (const status of nc.status()) if (status.type === 'error') refused.push(String(status.error))
    })()
    for (const subject of ['slides.onprem.received', 'subjects.onprem.changed', '$JS.cloud.API.STREAM.DELETE.SLIDES'])
      nc.publish(subject, 'x')
    await nc.flush()
    await eventually(() => expect(refused).toHaveLength(3))
    await nc.close()
    await expect(cloud.follow({ stream: 'SLIDES', subject: 'slides.>', from: 'now' }, () => {})).resolves.toBeDefined()
  })

  test('a hospital’s own streams are none of the link’s user', async () => {
    const nc = await connect({ servers: sites.linkUrl.replace(/.*@/, ''), user: 'link', pass: 'test-password' })
    await expect(jetstreamManager(nc, { timeout: 1000 })).rejects.toThrow()
    await nc.close()
  })

  test('what happens while the sites are apart crosses afterwards: all of it, once, in order', async () => {
    const numbers = (from: number, to: number): string[] =>
      Array.from({ length: to - from }, (_, i) => `event ${from + i}`)
    const before = await Promise.all([
      kept(cloud, 'SLIDES', 'slides.onprem.tiled'),
      kept(onprem, 'SLIDES', 'slides.cloud.erased'),
    ])
    expect(before).toEqual([[], []])
    const send = async (from: number, to: number): Promise<void> => {
      for (const one of numbers(from, to)) {
        await publish(onprem, 'slides.onprem.tiled', one)
        await publish(cloud, 'slides.cloud.erased', one)
      }
    }
    // In the middle of the traffic, so that some answers are lost on the way.
    const sending = send(0, 60)
    await sleep(40)
    sites.cable.cut()
    await sending
    await send(60, 80)
    await eventually(() => expect(link.waiting()).toBeGreaterThan(0))
    await sleep(1500)
    expect((await kept(cloud, 'SLIDES', 'slides.onprem.tiled')).length).toBeLessThan(80)
    expect((await kept(onprem, 'SLIDES', 'slides.cloud.erased')).length).toBeLessThan(80)
    sites.cable.mend()
    await send(80, 100)
    await eventually(async () => {
      expect((await kept(cloud, 'SLIDES', 'slides.onprem.tiled')).length).toBeGreaterThanOrEqual(100)
      expect((await kept(onprem, 'SLIDES', 'slides.cloud.erased')).length).toBeGreaterThanOrEqual(100)
    })
    await sleep(1000)
    expect(await kept(cloud, 'SLIDES', 'slides.onprem.tiled')).toEqual(numbers(0, 100))
    expect(await kept(onprem, 'SLIDES', 'slides.cloud.erased')).toEqual(numbers(0, 100))
    expect(link.waiting()).toBe(0)
  }, 120_000)

  test('a link that was stopped goes on where it was', async () => {
    await link.stop()
    await publish(onprem, 'slides.onprem.annotated', 'meanwhile')
    await sleep(300)
    expect(await kept(cloud, 'SLIDES', 'slides.onprem.annotated')).toEqual([])
    link = startLink({ site: 'onprem', bus: onprem }, { site: 'cloud', bus: far }, report)
    await eventually(async () => expect(await kept(cloud, 'SLIDES', 'slides.onprem.annotated')).toEqual(['meanwhile']))
  })

  test('an event whose answer was lost is not sent again, however late the link comes back', async () => {
    const sent: string[] = []
    let lose = true
    /** Stores what it is given, and then forgets to say so, once. */
    const forgetful: Bus = {
      ...far,
      async publish(subject, data, options) {
        sent.push(options.id)
        await far.publish(subject, data, options)
        if (lose) {
          lose = false
          throw new ServiceError('unavailable', 'the answer was lost')
        }
      },
    }
    await link.stop()
    link = startLink({ site: 'onprem', bus: onprem }, { site: 'cloud', bus: forgetful }, report)
    const [first, second] = [randomUUID(), randomUUID()]
    for (const id of [first, second]) await onprem.publish('slides.onprem.tiling_failed', bytes(id), { id })
    await eventually(async () =>
      expect(await kept(cloud, 'SLIDES', 'slides.onprem.tiling_failed')).toEqual([first, second]),
    )
    expect(sent).toEqual([first, second])
  })
})
