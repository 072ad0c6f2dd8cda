import { describe, expect, it } from 'vitest'
import { accept, waitBefore } from './live.ts'

const change = (seq: number) => ({ seq, annotationId: `id-${seq}`, deleted: true, feature: null })

describe('accept', () => {
  it('takes what follows without a gap', () => {
    const accepted = accept(3, { type: 'changes', seq: 5, changes: [change(5), change(4)] })
    expect(accepted).toEqual({ missed: false, seq: 5, changes: [change(4), change(5)] })
  })
  it('leaves out what it has seen', () => {
    expect(accept(4, { type: 'changes', seq: 5, changes: [change(3), change(4), change(5)] })).toEqual({
      missed: false,
      seq: 5,
      changes: [change(5)],
    })
    expect(accept(5, { type: 'changes', seq: 5, changes: [change(5)] })).toEqual({ missed: false, seq: 5, changes: [] })
  })
  it('notices gaps', () => {
    expect(accept(3, { type: 'changes', seq: 5, changes: [change(5)] })).toEqual({ missed: true })
    expect(accept(3, { type: 'changes', seq: 4, changes: [] })).toEqual({ missed: true })
    expect(accept(3, { type: 'changes', seq: 6, changes: [change(4), change(6)] })).toEqual({ missed: true })
    expect(accept(3, { type: 'changes', seq: 6, changes: [change(4), change(5)] })).toEqual({ missed: true })
  })
  it('reads counters sent as strings', () => {
    const message = { type: 'changes', seq: '4', changes: [{ ...change(4), seq: '4' }] }
    expect(accept(3, message)).toEqual({ missed: false, seq: 4, changes: [change(4)] })
  })
})

describe('waitBefore', () => {
  it('grows and stays bounded', () => {
    expect([0, 1, 2, 50].map(waitBefore)).toEqual([500, 1000, 2000, 15_000])
  })
})
