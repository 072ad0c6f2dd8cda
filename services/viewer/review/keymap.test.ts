import { describe, expect, it } from 'vitest'
import { commandFor, REVIEW_KEYS } from './keymap.ts'

const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey', boolean>> = {}) =>
  commandFor({ key, ctrlKey: false, metaKey: false, altKey: false, ...held })

describe('keys', () => {
  it.each([
    ['a', { do: 'approve' }],
    ['X', { do: 'reject' }],
    ['?', { do: 'help' }],
    ['3', { do: 'preset', index: 2 }],
    ['ArrowUp', { do: 'pan', x: 0, y: -1 }],
  ])('%s', (key, command) => expect(press(key)).toEqual(command))

  it('of the browser stay the browser’s', () => {
    expect(press('a', { ctrlKey: true })).toBeNull()
    expect(press('r', { metaKey: true })).toBeNull()
    expect(press('z', { ctrlKey: true })).toEqual({ do: 'take-back' })
  })

  it('that the help names do something', () => {
    for (const { keys } of REVIEW_KEYS) {
      for (const key of keys.split(/ … | /)) expect(press(key), key).not.toBeNull()
    }
  })
})
