import { expect, test } from 'vitest'
import { assertFree, watchFree, watchPace } from './room.ts'

const roomOf = (free: () => number | undefined) => ({
  objects: { source: { freeBytes: async () => free() } },
  config: { INGEST_FREE_FLOOR: 100 },
})

test('a file is let in when the floor stays free behind it', async () => {
  await expect(
    assertFree(
      roomOf(() => 150),
      50,
    ),
  ).resolves.toBeUndefined()
  await expect(
    assertFree(
      roomOf(() => 150),
      51,
    ),
  ).rejects.toMatchObject({ code: 'storage-full' })
  await expect(
    assertFree(
      roomOf(() => undefined),
      1e15,
    ),
  ).resolves.toBeUndefined()
})

test('bytes that come in are cut off at the floor, and not before', async () => {
  let free = 300
  let givenUp = false
  const ended = watchFree(
    roomOf(() => (free -= 50)),
    () => {
      givenUp = true
      ended()
    },
    5,
  )
  while (!givenUp) await new Promise(resolve => setTimeout(resolve, 5))
  expect(free).toBe(50)
})

test('a store that cannot tell what is free cuts nothing off', async () => {
  let givenUp = false
  const ended = watchFree(
    roomOf(() => undefined),
    () => (givenUp = true),
    1,
  )
  await new Promise(resolve => setTimeout(resolve, 30))
  ended()
  expect(givenUp).toBe(false)
})

test('a request that hardly sends anything is cut off, a slow one is not', async () => {
  const cutAfter = async (bytesPerLook: number): Promise<boolean> => {
    let [received, cut] = [0, false]
    const sending = setInterval(() => {
      received += bytesPerLook
    }, 5)
    const ended = watchPace(
      () => received,
      1000,
      () => {
        cut = true
      },
      100,
    )
    await new Promise(resolve => setTimeout(resolve, 350))
    clearInterval(sending)
    ended()
    return cut
  }
  expect(await Promise.all([cutAfter(0), cutAfter(1), cutAfter(1000)])).toEqual([true, true, false])
})
