import { expect, test } from 'vitest'
import { createReaders, type Reader } from './readers.ts'

/** Counts what is open; nothing here needs a slide. */
function shelf() {
  const open = new Set<string>()
  const opened: string[] = []
  const of = (key: string) => async (): Promise<Reader> => {
    opened.push(key)
    open.add(key)
    return {
      close: async () => {
        open.delete(key)
      },
    } as Reader
  }
  return { open, opened, of }
}

const idle = () => new Promise(resolve => setTimeout(resolve, 1))

test('those who ask at the same time share one reader, which stays open for the next', async () => {
  const { of, opened } = shelf()
  const readers = createReaders(2)
  await Promise.all(['a', 'a', 'a'].map(key => readers.use(key, of(key), idle)))
  await readers.use('a', of('a'), idle)
  expect(opened).toEqual(['a'])
  await readers.close()
})

test('no more than so many are open: the longest unused one leaves', async () => {
  const { of, open } = shelf()
  const readers = createReaders(2)
  for (const key of ['a', 'b', 'a', 'c']) await readers.use(key, of(key), idle)
  expect([...open]).toEqual(['a', 'c'])
  await readers.close()
  expect([...open]).toEqual([])
})

test('when all are in use the next one waits, and gets its turn', async () => {
  const { of, open } = shelf()
  const readers = createReaders(2)
  let most = 0
  const work = async () => {
    most = Math.max(most, open.size)
    await idle()
  }
  await Promise.all(Array.from({ length: 40 }, (_, i) => readers.use(`slide-${i % 8}`, of(`slide-${i % 8}`), work)))
  expect(most).toBe(2)
})

test('an unused one is closed after a while, and opened again', async () => {
  const { of, open, opened } = shelf()
  const readers = createReaders(2, 5)
  await readers.use('a', of('a'), idle)
  await new Promise(resolve => setTimeout(resolve, 30))
  expect(open.size).toBe(0)
  await readers.use('a', of('a'), idle)
  expect(opened).toEqual(['a', 'a'])
})

test('one that failed is not used again; a client that left harms nothing', async () => {
  const { of, open, opened } = shelf()
  const readers = createReaders(2)
  const abort = AbortSignal.abort().reason
  await expect(readers.use('a', of('a'), () => Promise.reject(abort))).rejects.toBe(abort)
  await readers.use('a', of('a'), idle)
  expect(opened).toEqual(['a'])
  await expect(readers.use('a', of('a'), () => Promise.reject(new Error('crashed')))).rejects.toThrow('crashed')
  expect(open.size).toBe(0)
  await readers.use('a', of('a'), idle)
  expect(opened).toEqual(['a', 'a'])
  readers.forget('a')
  await idle()
  expect(open.size).toBe(0)
})
