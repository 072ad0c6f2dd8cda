import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Job } from './job.ts'
import { createRenderQueue } from './queue.ts'

const queue = createRenderQueue(1, 4)
afterAll(() => queue.close())

/** White; as AVIF it takes a thread long enough for others to come meanwhile. */
function picture(side: number): Job {
  const size = { width: side, height: side }
  return {
    crop: { x: 0, y: 0, ...size },
    source: { pixels: new Uint8Array(side * side * 3).fill(255) },
    picture: { size, mirror: false, rotation: 0, quality: 'colour', format: 'avif', icc: 'ignore' },
    profile: null,
  }
}

// The first picture waits for its thread to start.
beforeAll(() => queue.render(async () => picture(8)))

/** What happens in which order. */
function watched(log: string[]) {
  return (name: string, side: number, options: { light?: boolean; signal?: AbortSignal } = {}) => {
    const prepare = async (): Promise<Job> => {
      log.push(`${name} prepared`)
      return picture(side)
    }
    return queue.render(prepare, options).then(image => {
      log.push(`${name} done`)
      return image
    })
  }
}

test('a light picture is prepared while the thread is at work, a heavy one and the next ones when it is their turn', async () => {
  const log: string[] = []
  const render = watched(log)
  const both = [render('first', 1024), render('light', 16, { light: true }), render('heavy', 16)]
  for (const image of await Promise.all([...both, render('last', 16, { light: true })])) {
    expect(image.subarray(4, 12).toString()).toBe('ftypavif')
  }
  expect(log.indexOf('light prepared')).toBeLessThan(log.indexOf('first done'))
  expect(log.indexOf('heavy prepared')).toBeGreaterThan(log.indexOf('first done'))
  expect(log.filter(entry => entry.endsWith('done'))).toEqual(['first done', 'light done', 'heavy done', 'last done'])
  expect(queue.length).toBe(0)
})

test('who leaves a picture that is prepared gives up its place; who comes after is served', async () => {
  const log: string[] = []
  const render = watched(log)
  const leaver = new AbortController()
  const first = render('first', 1024)
  const left = render('left', 16, { light: true, signal: leaver.signal })
  const gone = expect(left).rejects.toMatchObject({ name: 'AbortError' })
  await expect.poll(() => log).toContain('left prepared')
  leaver.abort()
  await gone
  expect((await render('next', 16, { light: true })).length).toBeGreaterThan(0)
  await first
  expect(log).not.toContain('left done')
  expect(queue.length).toBe(0)
})

test('what is rendered elsewhere waits for its turn too, and gives it back when it fails', async () => {
  const ends: (() => void)[] = []
  const elsewhere = () => queue.wait(() => new Promise<string>(resolve => ends.push(() => resolve('done'))))
  const all = [elsewhere(), elsewhere(), elsewhere()]
  await expect.poll(() => ends.length).toBe(2)
  expect(queue.length).toBe(3)
  ends[0]!()
  await expect.poll(() => ends.length).toBe(3)
  for (const end of ends) end()
  expect(await Promise.all(all)).toEqual(['done', 'done', 'done'])
  await expect(queue.wait(() => Promise.reject(new Error('damaged')))).rejects.toThrow('damaged')
  expect(queue.length).toBe(0)
})
