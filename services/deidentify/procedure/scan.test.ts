import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFinder, patternsOf, scanFile } from './scan.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-scan-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('scan', () => {
  it('finds a text in ASCII and both byte orders of UTF-16, at odd positions as well', () => {
    const secret = Buffer.from('Quillfeather')
    for (const pattern of patternsOf(secret)) {
      const bytes = Buffer.concat([randomBytes(33), pattern.bytes, randomBytes(5)])
      const hits = createFinder(patternsOf(secret))(bytes, 1000)
      expect(hits.map(({ offset, pattern: { encoding } }) => [offset, encoding])).toEqual([[1033, pattern.encoding]])
    }
  })

  it('finds what crosses a block, once, and hashes the file', async () => {
    const path = join(folder, 'large')
    const bytes = Buffer.alloc(3 * 1024 * 1024, 7)
    bytes.write('S24-90817', 1024 * 1024 - 4)
    bytes.write('S24-90817', 2 * 1024 * 1024)
    await writeFile(path, bytes)
    const { sha256, hits } = await scanFile(path, patternsOf(Buffer.from('S24-90817')))
    expect(hits.map(({ offset }) => offset)).toEqual([1024 * 1024 - 4, 2 * 1024 * 1024])
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  it('finds every pattern anywhere, like a search for each of them', () => {
    const text = fc.string({ minLength: 4, maxLength: 12, unit: fc.constantFrom('a', 'b') })
    const property = fc.property(
      fc.array(text, { minLength: 1, maxLength: 5 }),
      fc.string({ maxLength: 200, unit: fc.constantFrom('a', 'b') }),
      (wanted, where) => {
        const patterns = wanted.map(word => ({ bytes: Buffer.from(word), encoding: 'ascii' as const }))
        const found = createFinder(patterns)(Buffer.from(where), 0).map(
          ({ offset, pattern }) => `${offset} ${pattern.bytes}`,
        )
        const expected = new Set(
          wanted.flatMap(word => [...where].flatMap((_, i) => (where.startsWith(word, i) ? [`${i} ${word}`] : []))),
        )
        expect(new Set(found)).toEqual(expected)
      },
    )
    fc.assert(property)
  })

  it('does not look for short texts where chance would find them', async () => {
    const path = join(folder, 'short')
    const bytes = Buffer.alloc(1000)
    for (const at of [100, 300, 500]) bytes.write('2024', at)
    bytes.write('S24-90817', 320)
    await writeFile(path, bytes)
    const patterns = [...patternsOf(Buffer.from('2024')), ...patternsOf(Buffer.from('S24-90817'))]
    const { hits } = await scanFile(path, patterns, { binary: [{ offset: 200, length: 200 }] })
    expect(hits.map(({ offset }) => offset).toSorted((a, b) => a - b)).toEqual([100, 320, 500])
  })

  it('hashes without patterns', async () => {
    const path = join(folder, 'small')
    await writeFile(path, 'abc')
    const { sha256, hits } = await scanFile(path, [])
    expect(hits).toEqual([])
    expect(sha256).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
})
