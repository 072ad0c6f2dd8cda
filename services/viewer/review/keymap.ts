import type { KeyHelp } from '../tools/keymap.ts'

/** What each key does on the review page; the page's help shows this table. */
export type ReviewCommand =
  | { do: 'next'; by: 1 | -1 }
  | { do: 'preset'; index: number }
  | { do: 'zoom'; by: number }
  | { do: 'pan'; x: number; y: number }
  | { do: 'help' | 'approve' | 'reject' | 'take-back' | 'flag' | 'mark' | 'unmark' | 'redact' | 'home' | 'cancel' }

const KEYS: Readonly<Record<string, ReviewCommand>> = {
  '?': { do: 'help' },
  a: { do: 'approve' },
  x: { do: 'reject' },
  z: { do: 'take-back' },
  n: { do: 'next', by: 1 },
  j: { do: 'next', by: 1 },
  p: { do: 'next', by: -1 },
  k: { do: 'next', by: -1 },
  f: { do: 'flag' },
  r: { do: 'mark' },
  backspace: { do: 'unmark' },
  enter: { do: 'redact' },
  escape: { do: 'cancel' },
  '0': { do: 'home' },
  '+': { do: 'zoom', by: 1 },
  '=': { do: 'zoom', by: 1 },
  '-': { do: 'zoom', by: -1 },
  arrowleft: { do: 'pan', x: -1, y: 0 },
  arrowright: { do: 'pan', x: 1, y: 0 },
  arrowup: { do: 'pan', x: 0, y: -1 },
  arrowdown: { do: 'pan', x: 0, y: 1 },
}

interface KeyPress {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
}

/** The command of a key press, null for keys that mean nothing here. */
export function commandFor({ key, ctrlKey, metaKey, altKey }: KeyPress): ReviewCommand | null {
  if (ctrlKey || metaKey) return key.toLowerCase() === 'z' && !altKey ? { do: 'take-back' } : null
  if (altKey) return null
  if (/^[1-6]$/.test(key)) return { do: 'preset', index: Number(key) - 1 }
  return KEYS[key.toLowerCase()] ?? null
}

export const REVIEW_KEYS: readonly KeyHelp[] = [
  { keys: 'A', what: 'Approve: release under a random name' },
  { keys: 'X', what: 'Reject' },
  { keys: 'Z', what: 'Take the last decision back (for some seconds)' },
  { keys: 'N P', what: 'Next, previous slide' },
  { keys: 'F', what: 'Next flag' },
  { keys: 'R', what: 'Mark a rectangle to blank' },
  { keys: 'Backspace', what: 'Take back the last rectangle' },
  { keys: 'Enter', what: 'Blank what is marked, on all levels' },
  { keys: '1 … 6', what: 'Magnification' },
  { keys: '0', what: 'Whole slide' },
  { keys: '?', what: 'These keys' },
]
