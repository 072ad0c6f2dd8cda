import { Change } from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import { describe, expect, it } from 'vitest'
import { createHub, type Page, type Watcher } from './hub.ts'

const SLIDE = 'slide'
const settle = () => new Promise(resolve => setTimeout(resolve, 5))

/** A slide's history that grows; readings are counted and can be held up. */
function history() {
  const changes: Change[] = []
  let reads = 0
  let gate: Promise<void> = Promise.resolve()
  return {
    get reads() {
      return reads
    },
    hold(until: Promise<void>) {
      gate = until
    },
    add(count: number): bigint {
      for (let i = 0; i < count; i++) {
        changes.push(Change.fromPartial({ seq: BigInt(changes.length + 1), annotationId: 'a', deleted: true }))
      }
      return BigInt(changes.length)
    },
    async read(_: string, after: bigint, limit: number): Promise<Page> {
      reads++
      const all = changes.filter(({ seq }) => seq > after)
      await gate
      return { changes: all.slice(0, limit), more: all.length > limit }
    },
  }
}

function reader(): Watcher & { seen: number[]; dropped: boolean; fails: boolean } {
  return {
    seen: [],
    dropped: false,
    fails: false,
    async send(message) {
      if (this.fails) throw new Error('too slow')
      const { changes, seq } = JSON.parse(message.toString()) as { changes: { seq: number }[]; seq: number }
      this.seen.push(...changes.map(change => change.seq))
      expect(seq).toBe(this.seen.at(-1))
    },
    drop() {
      this.dropped = true
    },
  }
}
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

describe('the hub', () => {
  it('brings a watcher up to date, page after page, and keeps it so', async () => {
    const slide = history()
    slide.add(1200)
    const hub = createHub(slide.read)
    const watcher = reader()
    hub.watch(SLIDE, 0n, watcher)
    await settle()
    hub.changed(SLIDE, slide.add(3))
    await settle()
    expect(watcher.seen).toEqual(upTo(1203))
  })

  it('reads a change once for all who watch', async () => {
    const slide = history()
    const hub = createHub(slide.read)
    const watchers = Array.from({ length: 20 }, reader)
    for (const watcher of watchers) hub.watch(SLIDE, 0n, watcher)
    await settle()
    const before = slide.reads
    hub.changed(SLIDE, slide.add(1))
    await settle()
    expect(slide.reads).toBe(before + 1)
    for (const { seen } of watchers) expect(seen).toEqual([1])
  })

  it('leaves no gap for whoever is brought up to date while changes come', async () => {
    const slide = history()
    slide.add(10)
    const hub = createHub(slide.read)
    const early = reader()
    hub.watch(SLIDE, 0n, early)
    await settle()
    let open = () => {}
    slide.hold(new Promise(resolve => (open = resolve)))
    const late = reader()
    hub.watch(SLIDE, 4n, late)
    // Committed after the late one's reading, heard of before that reading comes back.
    hub.changed(SLIDE, slide.add(2))
    open()
    await settle()
    expect(early.seen).toEqual(upTo(12))
    expect(late.seen).toEqual(upTo(12, 5))
  })

  it('is not led astray by a watcher that claims to have seen the future', async () => {
    const slide = history()
    slide.add(2)
    const hub = createHub(slide.read)
    const honest = reader()
    hub.watch(SLIDE, 999n, reader())
    hub.watch(SLIDE, 0n, honest)
    await settle()
    hub.changed(SLIDE, slide.add(5))
    await settle()
    expect(honest.seen).toEqual(upTo(7))
  })

  it('takes events twice and late without sending anything twice', async () => {
    const slide = history()
    const hub = createHub(slide.read)
    const watcher = reader()
    hub.watch(SLIDE, 0n, watcher)
    await settle()
    const seq = slide.add(3)
    for (const heard of [seq, 1n, seq, 2n]) hub.changed(SLIDE, heard)
    await settle()
    expect(watcher.seen).toEqual([1, 2, 3])
  })

  it('drops who is too slow, and goes on with the others', async () => {
    const slide = history()
    const hub = createHub(slide.read)
    const [slow, quick] = [reader(), reader()]
    hub.watch(SLIDE, 0n, slow)
    hub.watch(SLIDE, 0n, quick)
    await settle()
    slow.fails = true
    hub.changed(SLIDE, slide.add(1))
    await settle()
    hub.changed(SLIDE, slide.add(1))
    await settle()
    expect([slow.dropped, quick.dropped]).toEqual([true, false])
    expect(quick.seen).toEqual([1, 2])
  })

  it('drops all when changes cannot be read, so that they come back', async () => {
    const slide = history()
    const hub = createHub(slide.read)
    const watcher = reader()
    hub.watch(SLIDE, 0n, watcher)
    await settle()
    slide.hold(Promise.reject(new Error('the service restarts')))
    hub.changed(SLIDE, slide.add(1))
    await settle()
    expect(watcher.dropped).toBe(true)
  })

  it('reads nothing for a slide that nobody watches any more', async () => {
    const slide = history()
    const hub = createHub(slide.read)
    const leave = hub.watch(SLIDE, 0n, reader())
    await settle()
    leave()
    const before = slide.reads
    hub.changed(SLIDE, slide.add(1))
    await settle()
    expect(slide.reads).toBe(before)
  })
})
