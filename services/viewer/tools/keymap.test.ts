import { describe, expect, it } from 'vitest'
import type { KeyPress } from './keymap.ts'
import { commandFor } from './keymap.ts'

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code: '',
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...more,
})

describe('keymap', () => {
  it('chooses tools in either case', () => {
    expect(commandFor(press('p'))).toEqual({ do: 'tool', tool: 'polygon' })
    expect(commandFor(press('P', { shiftKey: true }))).toEqual({ do: 'tool', tool: 'polygon' })
  })
  it('undoes and redoes with Ctrl or Cmd', () => {
    expect(commandFor(press('z', { ctrlKey: true }))).toEqual({ do: 'undo' })
    expect(commandFor(press('Z', { metaKey: true, shiftKey: true }))).toEqual({ do: 'redo' })
    expect(commandFor(press('y', { ctrlKey: true }))).toEqual({ do: 'redo' })
  })
  it("leaves the browser's own shortcuts alone", () => {
    for (const key of ['p', 'r', 'l', '0', '+', 'n', 'f']) expect(commandFor(press(key, { ctrlKey: true }))).toBeNull()
  })
  it('takes Alt + digit by place, whatever character it makes', () => {
    expect(commandFor(press('¡', { altKey: true, code: 'Digit1' }))).toEqual({ do: 'term', index: 0 })
    expect(commandFor(press('x', { altKey: true, code: 'KeyX' }))).toBeNull()
  })
  it('goes to the next and the previous annotation', () => {
    expect(commandFor(press('n'))).toEqual({ do: 'next', by: 1 })
    expect(commandFor(press('N', { shiftKey: true }))).toEqual({ do: 'next', by: -1 })
  })
  it('pans, zooms and knows six presets', () => {
    expect(commandFor(press('ArrowUp', { shiftKey: true }))).toEqual({ do: 'pan', x: 0, y: -1, far: true })
    expect(commandFor(press('-'))).toEqual({ do: 'zoom', by: -1 })
    expect(commandFor(press('6'))).toEqual({ do: 'preset', index: 5 })
    expect(commandFor(press('7'))).toBeNull()
  })
})
