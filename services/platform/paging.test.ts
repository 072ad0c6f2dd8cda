import { describe, expect, it } from 'vitest'
import { readCursor, toPage, writeCursor } from './paging.ts'

const ids = ['f5a3b6b0-3d43-4a5c-9d4e-0a6b6d1f7c11', '0b7c5a7e-6a0f-4a59-8a36-5fd3e1b3a0c2']
const rows = ids.map((id, i) => ({ id, at: new Date(1_795_000_000_123 + i) }))

describe('a cursor', () => {
  it('comes back as the position that it was made of', () => {
    expect(readCursor(writeCursor(rows[0]!))).toEqual(rows[0])
  })

  it.each(['', 'x', 'MTIz', Buffer.from("1 f5a3b6b0' or 1=1").toString('base64url')])('is not %j', cursor => {
    expect(() => readCursor(cursor)).toThrow('The cursor is not one that this list gave out')
  })
})

describe('a page', () => {
  it('leads to the next one while there are more rows', () => {
    const { page, nextCursor } = toPage(rows, 1, row => row)
    expect(page).toEqual([rows[0]])
    expect(readCursor(nextCursor!)).toEqual(rows[0])
  })

  it.each([0, 2])('of %d rows may be the last', count => {
    expect(toPage(rows.slice(0, count), 2, row => row)).toEqual({ page: rows.slice(0, count), nextCursor: null })
  })
})
