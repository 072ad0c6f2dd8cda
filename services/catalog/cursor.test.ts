import { expect, it } from 'vitest'
import { decodeCursor, encodeCursor } from './cursor.ts'

it('comes back as the position that it was made of', () => {
  const position = { createdAt: new Date(1_795_000_000_123), id: 'f5a3b6b0-3d43-4a5c-9d4e-0a6b6d1f7c11' }
  expect(decodeCursor(encodeCursor(position))).toEqual(position)
})

it.each(['', 'x', 'MTIz', Buffer.from("1 f5a3b6b0' or 1=1").toString('base64url')])('refuses %j', cursor => {
  expect(() => decodeCursor(cursor)).toThrow('The cursor is not one that this list gave out')
})
