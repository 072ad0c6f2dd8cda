import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type IntakeState, isNews, type Standing, stateOfFailure } from './states.ts'

const apply = (news: Standing[]): Standing =>
  news.reduce((current, next) => (isNews(current, next) ? next : current), {
    state: 'received',
    revision: 0,
  } as Standing)

describe('the intake state machine', () => {
  it('goes through its states in order', () => {
    const states: IntakeState[] = ['deidentifying', 'tiling', 'ready']
    expect(apply(states.map(state => ({ state, revision: 1 })))).toEqual({ state: 'ready', revision: 1 })
  })

  it('ends the same whatever order events come in, and however often', () => {
    const told = (['deidentifying', 'tiling', 'ready'] as const).map(state => ({ state, revision: 1 }))
    fc.assert(
      fc.property(fc.shuffledSubarray([...told, ...told, ...told], { minLength: 9 }), news => {
        expect(apply(news)).toEqual({ state: 'ready', revision: 1 })
      }),
    )
  })

  it('keeps the first end of a revision; a later revision begins anew', () => {
    expect(
      apply([
        { state: 'failed', revision: 1 },
        { state: 'ready', revision: 1 },
      ]).state,
    ).toBe('failed')
    expect(
      apply([
        { state: 'ready', revision: 1 },
        { state: 'tiling', revision: 2 },
      ]),
    ).toEqual({ state: 'tiling', revision: 2 })
    expect(
      apply([
        { state: 'tiling', revision: 2 },
        { state: 'ready', revision: 1 },
      ]).state,
    ).toBe('tiling')
  })

  it('waits for a person, and again with each redaction; a late progress of the work does not undo that', () => {
    const asked: Standing = { state: 'review', revision: 1 }
    expect(apply([asked, { state: 'deidentifying', revision: 1 }])).toEqual(asked)
    expect(apply([asked, { state: 'review', revision: 2 }, asked])).toEqual({ state: 'review', revision: 2 })
    expect(apply([{ state: 'tiling', revision: 1 }, asked]).state).toBe('tiling')
    expect(apply([asked, { state: stateOfFailure('rejected'), revision: 1 }]).state).toBe('rejected')
  })

  it('quarantines what could not be proven', () => {
    expect(stateOfFailure('verification-failed')).toBe('quarantined')
    expect(stateOfFailure('damaged')).toBe('failed')
  })
})
