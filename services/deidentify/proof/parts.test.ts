import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { encodeLzw } from '@coverslip/wsi/synthetic/lzw.ts'
import { buildTiff, dataStart, type Field } from '@coverslip/wsi/tiff/build-tiff.ts'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UnreadableError } from './bytes.ts'
import { daysIn, layoutsOf } from './dates.ts'
import { layOut } from './layout.ts'
import { needlesOf } from './needles.ts'
import { finderFor, searchFile } from './search.ts'
import { isPlain, jpegNotes, lzwLength, notesOf } from './streams.ts'
import { knownTexts, piecesOf, textsIn } from './texts.ts'
import { judgeWords, valuesOfDescription } from './words.ts'

let folder: string
let jpeg: Buffer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-proof-'))
  const noise = { create: { width: 64, height: 64, channels: 3 as const, background: '#8040a0' } }
  jpeg = await sharp(noise).jpeg({ quality: 80 }).toBuffer()
})
afterAll(() => rm(folder, { recursive: true }))

describe('dates', () => {
  it.each([
    ['05/23/24', { year: 2024, month: 5, day: 23 }],
    ['2024:05:23 14:37:52', { year: 2024, month: 5, day: 23 }],
    ['20240523', { year: 2024, month: 5, day: 23 }],
    ['23.05.2024', { year: 2024, month: 5, day: 23 }],
    ['07 NOV 1953', { year: 1953, month: 11, day: 7 }],
    ['11071953', { year: 1953, month: 11, day: 7 }],
  ])('%s is a day', (text, day) => {
    expect(daysIn(text)).toContainEqual(day)
  })

  it('has every usual layout, and no day where there is none', () => {
    const wanted = ['2024-05-23', '20240523', '05/23/24', '23.05.2024', '2024:05:23', '24-05-23', '23 may 2024']
    expect(layoutsOf({ year: 2024, month: 5, day: 23 })).toEqual(expect.arrayContaining(wanted))
    expect(daysIn('40000x30000 Q=70 0.4990 2400-99-99')).toEqual([])
  })
})

describe('texts of a source', () => {
  it('are read in one byte and in two, and out of what is packed', () => {
    const secret = 'Quillfeather Ottoline'
    const packed = [deflateSync(secret), gzipSync(secret), Buffer.from(Buffer.from(secret).toString('base64'))]
    const wide = Buffer.from(secret, 'utf16le')
    for (const bytes of [Buffer.from(secret), wide, Buffer.from(wide).swap16(), ...packed]) {
      expect(textsIn(bytes)).toContain(secret)
    }
    const twice = Buffer.from(`<x>${deflateSync(secret).toString('base64')}</x>`)
    expect(textsIn(twice)).toContain(secret)
  })

  it('fall into values, words, numbers and days', () => {
    const pieces = piecesOf('Patient = Quillfeather^Ottoline|Scanned = 05/23/24')
    expect(pieces).toEqual(expect.arrayContaining(['Quillfeather^Ottoline', 'Quillfeather', 'Ottoline', '2024-05-23']))
  })

  it('are looked for in seven spellings, when chance does not find them', () => {
    const spellings = needlesOf(knownTexts(null, ['Quillfeather'])).map(needle => needle.toString('latin1'))
    expect(spellings).toEqual(expect.arrayContaining(['Quillfeather', '5175696c6c66656174686572', 'UXVpbGxmZWF0aGVy']))
    expect(needlesOf([{ text: 'Rosa', from: 'given' }]).every(needle => needle.length > 7)).toBe(true)
  })
})

describe('the search', () => {
  it('finds in either case, across blocks, once', async () => {
    const path = join(folder, 'large')
    const bytes = Buffer.alloc(9 * 1024 * 1024, 0x20)
    const places = [0, 4 * 1024 * 1024 - 5, 8 * 1024 * 1024 - 1, bytes.length - 12]
    for (const at of places) bytes.write('qUILLFEATHER', at)
    await writeFile(path, bytes)
    const found = await searchFile(path, [Buffer.from('Quillfeather')])
    expect(found.map(({ offset }) => offset).toSorted((a, b) => a - b)).toEqual(places)
  })

  it('finds each of many needles, like a search for each of them', () => {
    const word = fc.string({ minLength: 7, maxLength: 12, unit: fc.constantFrom('a', 'B', 'b') })
    const property = fc.property(
      fc.array(word, { minLength: 1, maxLength: 6 }),
      fc.string({ maxLength: 300, unit: fc.constantFrom('A', 'b') }),
      (words, where) => {
        const found = finderFor(words.map(text => Buffer.from(text))).find(Buffer.from(where))
        const expected = new Set(
          words.flatMap(text =>
            [...where].flatMap((_, i) =>
              where.slice(i, i + text.length).toLowerCase() === text.toLowerCase() ? [`${i}:${text.length}`] : [],
            ),
          ),
        )
        expect(new Set(found.map(({ offset, length }) => `${offset}:${length}`))).toEqual(expected)
      },
    )
    fc.assert(property)
  })

  it('finds nothing in random bytes', () => {
    const needles = needlesOf(knownTexts(null, ['Quillfeather Ottoline S24-90817 MRN-7730418 05/23/24 b.marchbanks']))
    expect(finderFor(needles).find(randomBytes(4 * 1024 * 1024))).toEqual([])
  })
})

describe('a stored tile', () => {
  /** The stream with a segment behind its begin. */
  const withNote = (text: string, marker = 0xfe) => {
    const head = Buffer.from([0xff, marker, 0, 0])
    head.writeUInt16BE(text.length + 2, 2)
    return Buffer.concat([jpeg.subarray(0, 2), head, Buffer.from(text, 'latin1'), jpeg.subarray(2)])
  }

  it('is picture; comments, EXIF and what follows its end are not', () => {
    expect(isPlain('jpeg', jpeg)).toBe(true)
    expect(isPlain('jpeg', withNote('Quillfeather'))).toBe(false)
    expect(isPlain('jpeg', withNote('Exif\0\0Quillfeather', 0xe1))).toBe(false)
    expect(isPlain('jpeg', withNote('\0'.repeat(12)))).toBe(true)
    expect(isPlain('jpeg', Buffer.concat([jpeg, Buffer.from('Quillfeather')]))).toBe(false)
    expect(isPlain('jpeg', Buffer.concat([jpeg, Buffer.alloc(12)]))).toBe(true)
    expect(notesOf('jpeg', withNote('Quillfeather'))).toContainEqual({ offset: 6, length: 12 })
  })

  it.each([0xdc, 0xdd, 0xcc, 0xc8, 0xf0, 0xfd, 0x4f])('has no segment that decoders pass over: %i', marker => {
    expect(isPlain('jpeg', withNote('QuillfeatherOttoline', marker))).toBe(false)
  })

  it('is the same in pieces of any size', () => {
    const whole = Buffer.concat([withNote('Quillfeather'), Buffer.from('behind')])
    const property = fc.property(fc.integer({ min: 1, max: 200 }), size => {
      const check = jpegNotes()
      for (let at = 0; at < whole.length; at += size) check.push(whole.subarray(at, at + size))
      expect(check.clean()).toBe(false)
      expect(check.notes()).toEqual(notesOf('jpeg', whole))
    })
    fc.assert(property, { numRuns: 40 })
  })

  it('ends where LZW and DEFLATE end', () => {
    for (const size of [1, 300, 5000, 60_000]) {
      const pixels = Buffer.from(Array.from({ length: size }, (_, i) => (i * i) % 251))
      const [lzw, deflate] = [encodeLzw(pixels), deflateSync(pixels)]
      expect(lzwLength(lzw)).toBe(lzw.length)
      expect(isPlain('lzw', Buffer.concat([lzw, Buffer.from('Quillfeather')]))).toBe(false)
      expect(isPlain('lzw', Buffer.concat([lzw, Buffer.alloc(9)]))).toBe(true)
      expect(isPlain('deflate', deflate)).toBe(true)
      expect(isPlain('deflate', Buffer.concat([deflate, Buffer.from('Quillfeather')]))).toBe(false)
    }
  })
})

describe('a description', () => {
  it('may say measures and nothing else', () => {
    const clean =
      'Aperio Image Library v12.0.15 \r\n700x500 [0,0 700x500] (256x256) JPEG/RGB Q=70|AppMag = 20|MPP = 0.4990'
    expect(valuesOfDescription(clean)).toEqual(['20', '0.4990'])
    expect(valuesOfDescription('Coverslip pyramid|mpp=0.499|objective-power=20')).toEqual(['0.499', '20'])
    for (const more of ['|User = x', '|MPP = Quillfeather', '|Quillfeather', '|MPP = 0.4990|Date = 05/23/24']) {
      expect(valuesOfDescription(clean + more)).toBeNull()
    }
    expect(valuesOfDescription(`Quillfeather\r\n${clean}`)).toBeNull()
  })
})

describe('fields by which nothing is decoded', () => {
  const field = (tag: number, value: Buffer, idle: boolean) =>
    judgeWords({ kind: 'tiff', texts: [], fields: [{ place: 'x', tag, ascii: false, value, idle }] } as never).findings

  it('a palette without pixels that need it, tables that are no JPEG', () => {
    const secret = Buffer.from('Quillfeather')
    const tables = (note: Buffer) => Buffer.concat([Buffer.from([0xff, 0xd8]), note, Buffer.from([0xff, 0xd9])])
    expect(field(320, secret, true)).toEqual(['x'])
    expect(field(320, secret, false)).toEqual([])
    expect(field(347, secret, false)).toEqual(['x'])
    expect(field(347, tables(Buffer.concat([Buffer.from([0xff, 0xdc, 0, 14]), secret])), false)).toEqual(['x'])
    expect(field(347, tables(Buffer.alloc(0)), false)).toEqual([])
  })
})

describe('files made to mislead', () => {
  const at = dataStart()
  const page: Field[] = [
    [256, 4, [16]],
    [257, 4, [16]],
    [258, 3, [8]],
    [259, 3, [1]],
    [273, 4, [at]],
    [279, 4, [256]],
  ]
  const write = async (bytes: Buffer): Promise<string> => {
    const path = join(folder, `made-${randomBytes(4).toString('hex')}`)
    await writeFile(path, bytes)
    return path
  }

  it('loops of directories are refused', async () => {
    const { at: positions } = buildTiff(Buffer.alloc(256), [page])
    const { file } = buildTiff(Buffer.alloc(256), [page], { lastNext: positions[0]! })
    await expect(layOut(await write(file))).rejects.toThrow(UnreadableError)
  })

  it('damage of any kind is an answer, not a crash', async () => {
    const { file } = buildTiff(Buffer.alloc(256), [page, page])
    const property = fc.asyncProperty(
      fc.nat(file.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (place, value) => {
        const bytes = Buffer.from(file)
        bytes[place] = bytes[place]! ^ value
        const outcome = await layOut(await write(bytes)).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(UnreadableError)
      },
    )
    await fc.assert(property, { numRuns: 150 })
  })
})
