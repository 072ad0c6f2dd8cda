import { SlideFileError } from '@coverslip/wsi/errors.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertSeparate, container, gaps, merge, toucher } from './extents.ts'

const extents = fc.array(fc.record({ offset: fc.nat(200), length: fc.nat(20) }), { maxLength: 20 })
const covers = (list: { offset: number; length: number }[], at: number) =>
  list.some(({ offset, length }) => at >= offset && at < offset + length)

describe('extents', () => {
  it('merge covers the same bytes, in order, apart from each other', () => {
    fc.assert(
      fc.property(extents, list => {
        const merged = merge(list)
        for (let at = 0; at < 240; at++) expect(covers(merged, at)).toBe(covers(list, at))
        for (let i = 1; i < merged.length; i++) {
          expect(merged[i]!.offset).toBeGreaterThan(merged[i - 1]!.offset + merged[i - 1]!.length)
        }
      }),
    )
  })

  it('a gap is what no extent covers', () => {
    fc.assert(
      fc.property(extents, list => {
        const between = gaps(list, 240)
        for (let at = 0; at < 240; at++) expect(covers(between, at)).toBe(!covers(list, at))
      }),
    )
  })

  it('touching is sharing a byte, containing is sharing them all', () => {
    fc.assert(
      fc.property(extents, fc.nat(200), fc.integer({ min: 1, max: 20 }), (list, offset, length) => {
        const bytes = Array.from({ length }, (_, i) => offset + i)
        expect(toucher(list)(offset, length)).toBe(bytes.some(at => covers(list, at)))
        expect(container(list)(offset, length)).toBe(bytes.every(at => covers(list, at)))
      }),
    )
  })

  it('refuses structure on top of structure or of pixels, unless it is the same thing twice', () => {
    const tables = { offset: 10, length: 10, owner: 'tag 347' }
    expect(() => assertSeparate([tables, tables], [{ offset: 20, length: 5 }])).not.toThrow()
    expect(() => assertSeparate([tables, { ...tables, owner: 'tag 270' }], [])).toThrow(SlideFileError)
    expect(() => assertSeparate([tables, { ...tables, length: 4 }], [])).toThrow(SlideFileError)
    expect(() => assertSeparate([tables, { offset: 15, length: 9, owner: 'tag 347' }], [])).toThrow(SlideFileError)
    expect(() => assertSeparate([tables], [{ offset: 19, length: 5 }])).toThrow(SlideFileError)
  })
})
