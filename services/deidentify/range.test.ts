import { describe, expect, it } from 'vitest'
import { askedRange } from './range.ts'

const part = (offset: number, length: number) => ({ kind: 'part', offset, length })

describe('Range', () => {
  it.each([
    ['bytes=0-0', part(0, 1)],
    ['bytes=10-19', part(10, 10)],
    ['bytes=90-', part(90, 10)],
    ['bytes=90-1000', part(90, 10)],
    ['bytes=-5', part(95, 5)],
    ['bytes=-1000', part(0, 100)],
    ['bytes=100-', { kind: 'unsatisfiable' }],
    ['bytes=-0', { kind: 'unsatisfiable' }],
    ['bytes=5-2', { kind: 'all' }],
    ['bytes=-', { kind: 'all' }],
    ['bytes=0-1,5-6', { kind: 'all' }],
    ['lines=0-1', { kind: 'all' }],
    [undefined, { kind: 'all' }],
  ])('%s of 100 bytes', (header, expected) => {
    expect(askedRange(header, 100)).toEqual(expected)
  })
})
