import { Slide } from '@coverslip/proto/gen/catalog/v1/catalog.ts'
import { expect, it } from 'vitest'
import { slideLookup } from './slide-lookup.ts'

const ID = 'f5a3b6b0-3d43-4a5c-9d4e-0a6b6d1f7c11'

function catalog(state: string) {
  const asked: string[] = []
  let now = 0
  const ask = async (slideId: string) => {
    asked.push(slideId)
    return state ? Slide.fromPartial({ slideId, state }) : undefined
  }
  return { asked, lookup: slideLookup(ask, 1000, () => now), wait: (ms: number) => (now += ms) }
}

it('asks once for requests that come together, and again later', async () => {
  const { asked, lookup, wait } = catalog('ready')
  await Promise.all([lookup.find(ID), lookup.find(ID), lookup.findPresent(ID)])
  expect(asked).toHaveLength(1)
  wait(1001)
  await lookup.find(ID)
  expect(asked).toHaveLength(2)
  await lookup.findNow(ID)
  expect(asked).toHaveLength(3)
})

it('finds a withdrawn slide only for those who look at its entry', async () => {
  const { lookup } = catalog('withdrawn')
  expect((await lookup.find(ID)).state).toBe('withdrawn')
  await expect(lookup.findPresent(ID)).rejects.toMatchObject({ code: 'not-found' })
})

it('finds nothing where there is nothing, and does not ask for what cannot be an id', async () => {
  const { asked, lookup } = catalog('')
  await expect(lookup.find(ID)).rejects.toMatchObject({ code: 'not-found' })
  await expect(lookup.find('../../etc')).rejects.toMatchObject({ code: 'not-found' })
  expect(asked).toEqual([ID])
})

it('does not remember a failure', async () => {
  let fails = true
  const lookup = slideLookup(async slideId => {
    if (fails) throw new Error('the catalog restarts')
    return Slide.fromPartial({ slideId, state: 'ready' })
  }, 1000)
  await expect(lookup.find(ID)).rejects.toThrow('restarts')
  fails = false
  expect((await lookup.find(ID)).slideId).toBe(ID)
})
