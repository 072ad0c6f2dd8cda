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
