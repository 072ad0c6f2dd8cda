import { expect, test } from 'vitest'
import { createSlots } from './slots.ts'

const never = new AbortController().signal

test('as many go on as there is room for; the next when one leaves', async () => {
  const slots = createSlots({ total: 2, perUser: 2, waitMs: 1000 })
  const first = await slots.enter('ada', never)
  await slots.enter('ada', never)
  let third = false
  const waiting = slots.enter('ada', never).then(leave => {
    third = true
    return leave
  })
  await Promise.resolve()
  expect(third).toBe(false)
  first()
  first()
  await waiting
  expect(third).toBe(true)
})

test('a user with many requests keeps nobody else waiting', async () => {
  const slots = createSlots({ total: 10, perUser: 1, waitMs: 20 })
  await slots.enter('ada', never)
  await expect(slots.enter('ada', never)).rejects.toMatchObject({ code: 'too-many' })
  await slots.enter('bea', never)
})

test('all together are asked to come back', async () => {
  const slots = createSlots({ total: 1, perUser: 5, waitMs: 20 })
  await slots.enter('ada', never)
  await expect(slots.enter('bea', never)).rejects.toMatchObject({ code: 'unavailable', retryable: true })
})

test('who goes away while waiting takes no place', async () => {
  const slots = createSlots({ total: 1, perUser: 5, waitMs: 1000 })
  const leave = await slots.enter('ada', never)
  const gone = new AbortController()
  const waiting = slots.enter('bea', gone.signal)
  gone.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  leave()
  await slots.enter('cai', never)
})
