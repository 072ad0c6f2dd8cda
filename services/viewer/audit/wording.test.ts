import { expect, it } from 'vitest'
import { sayEntry } from './wording.ts'

it.each([
  ['manifest.taken', { lines: 1 }, 'Manifest taken: 1 line'],
  ['withdrawal.requested', { withdrawal: 'id', subject: 'ABC', slides: 2 }, 'Withdrawal asked for: ABC, 2 slides'],
  ['ledger.lookup-requested', { lookup: 'id', by: 'slide', subject: null }, 'Look-up asked for: by slide'],
  ['ledger.off', {}, 'Ledger switched off'],
  ['something.new', { hash: 'ff' }, 'something.new'],
])('%s is told with what people can read', (action, what, said) => expect(sayEntry(action, what)).toBe(said))
