import type { Withdrawal } from '@coverslip/proto/api/ledger.ts'
import { expect, test } from 'vitest'
import { mustBeMeant, type Subject, withdrawalFacts } from './subjects.ts'

const subject = { pseudonym: '6X9VFKPTY', slides: 1 } as Subject

test('nothing is erased that was not meant; one slide is one slide', () => {
  expect(() => mustBeMeant(subject, false)).toThrow('every copy of 1 slide of 6X9VFKPTY')
  expect(() => mustBeMeant({ ...subject, slides: 2 }, false)).toThrow('2 slides of 6X9VFKPTY')
  expect(mustBeMeant(subject, true)).toBeUndefined()
})

test('a withdrawal says who erased, and where its proof stands', () => {
  const shown = {
    id: '2fd0f396-8e31-4741-91a8-a619d9b6f29e',
    subject: '6X9VFKPTY',
    state: 'done',
    slides: [{}],
    keepers: ['ingest@onprem', 'tiles@onprem'],
    seconds: 2.56,
    downloads: [],
    proof: { hash: 'ab12', auditEntry: 7 },
  } as unknown as Withdrawal
  expect(withdrawalFacts(shown)).toEqual([
    '1 slide of 6X9VFKPTY erased, say ingest@onprem, tiles@onprem',
    'withdrawal 2fd0f396-8e31-4741-91a8-a619d9b6f29e',
    'after 2.6 s',
    'proof ab12, entry 7 of the audit',
  ])
})

test('a withdrawal says when what comes later will not be recognised', () => {
  const shown = { slides: [], keepers: [], downloads: [], seconds: null, proof: null } as unknown as Withdrawal
  const said = (heldLater: Withdrawal['heldLater']) => withdrawalFacts({ ...shown, heldLater }).slice(2)
  expect(said({ subject: true, files: 3 })).toEqual([])
  expect(said({ subject: false, files: 0 })).toEqual([
    'the ledger knows the subject by no name: of what comes later it holds 0 known files, and nothing else',
  ])
})
