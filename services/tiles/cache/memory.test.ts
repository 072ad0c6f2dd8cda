import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMemory } from './memory.ts'

test('holds no more bytes than it may, whatever comes', () => {
  const steps = fc.array(fc.record({ key: fc.nat({ max: 40 }), size: fc.nat({ max: 300 }), ask: fc.boolean() }))
  fc.assert(
    fc.property(steps, given => {
      const memory = createMemory<number>(() => 1000)
      const last = new Map<string, number>()
      for (const [i, { key, size, ask }] of given.entries()) {
        const name = String(key)
        if (ask) {
          const entry = memory.get(name)
          if (entry) expect(entry.value).toBe(last.get(name))
        } else {
          memory.set(name, i, size)
          last.set(name, i)
        }
        expect(memory.bytes).toBeLessThanOrEqual(1000)
      }
      let bytes = 0
      for (const name of last.keys()) bytes += memory.get(name)?.size ?? 0
      expect(bytes).toBe(memory.bytes)
    }),
  )
})

test('one who looks at a whole slide puts nobody out who comes back', () => {
  const memory = createMemory<string>(() => 100 * 1000)
  const hot = Array.from({ length: 60 }, (_, i) => `hot-${i}`)
  const ask = (key: string) => {
    if (memory.get(key)) return true
    memory.set(key, key, 1000)
    return false
  }
  for (let round = 0; round < 4; round += 1) for (const key of hot) ask(key)
  // A scan a hundred times the memory, with a reader who goes on meanwhile.
  let missed = 0
  for (let i = 0; i < 10_000; i += 1) {
    ask(`scan-${i}`)
    if (i % 100 === 0) for (const key of hot) if (!ask(key)) missed += 1
  }
  expect(missed).toBeLessThan(10)
  expect(hot.filter(key => memory.get(key)).length).toBe(hot.length)
})

test('what is asked for again soon after it was put out comes to stay', () => {
  const memory = createMemory<string>(() => 10_000)
  for (let i = 0; i < 12; i += 1) memory.set(`a-${i}`, 'x', 1000)
  expect(memory.get('a-0')).toBeUndefined()
  memory.set('a-0', 'x', 1000)
  for (let i = 0; i < 9; i += 1) memory.set(`b-${i}`, 'x', 1000)
  expect(memory.get('a-0')?.value).toBe('x')
})

test('forgets one key, or all of a slide', () => {
  const memory = createMemory<string>(() => 10_000)
  for (const key of ['/a/1', '/a/2', '/b/1']) memory.set(key, key, 100)
  memory.delete('/a/1')
  expect(memory.get('/a/1')).toBeUndefined()
  memory.deletePrefix('/a/')
  expect(memory.get('/a/2')).toBeUndefined()
  expect(memory.get('/b/1')?.value).toBe('/b/1')
  expect([memory.count, memory.bytes]).toEqual([1, 100])
})

test('a value that would empty the memory is not kept', () => {
  const memory = createMemory<string>(() => 10_000)
  memory.set('kept', 'x', 500)
  memory.set('huge', 'x', 5000)
  expect(memory.get('huge')).toBeUndefined()
  expect(memory.get('kept')?.value).toBe('x')
})

test('gives way when it may hold less', () => {
  let most = 10_000
  const memory = createMemory<string>(() => most)
  for (let i = 0; i < 10; i += 1) memory.set(String(i), 'x', 1000)
  expect(memory.bytes).toBe(10_000)
  most = 4000
  memory.set('next', 'x', 100)
  expect(memory.bytes).toBeLessThanOrEqual(4000)
  expect(memory.get('next')?.value).toBe('x')
  most = -1
  memory.set('none', 'x', 100)
  expect([memory.count, memory.bytes]).toEqual([0, 0])
})
