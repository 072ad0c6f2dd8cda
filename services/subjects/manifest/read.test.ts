import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { STANDARD } from '../vocabularies/vocabulary.ts'
import { identifyingTexts } from './columns.ts'
import { readManifest } from './read.ts'

const read = (text: string | Buffer, maxLines = 1000) =>
  readManifest(Buffer.from(text), { maxLines, vocabulary: STANDARD })

test.each([
  ['a quote that is never closed', `"${'a'.repeat(2 ** 24)}`, 'line 2: it is longer than'],
  ['a quoted cell', `"${'a'.repeat(2 ** 24)}"`, 'line 2: it is longer than'],
  ['delimiters', ','.repeat(2 ** 24), 'line 2: it is longer than'],
  ['quotes', '"'.repeat(2 ** 24), 'line 2: it is longer than'],
])('16 MiB of one line, %s, are refused by the line', (_what, line, why) => {
  expect(() => read(`file,subject\n${line}`)).toThrow(
    expect.objectContaining({ code: 'invalid', details: [expect.stringContaining(why)] }),
  )
})

test('a manifest of line breaks only has no lines, and their numbers count on', () => {
  const { lines, refused } = read(`file,subject\r\n${'\n'.repeat(1000)}\ra.svs,1,,`)
  expect({ lines, refused }).toEqual({
    lines: [],
    refused: [{ line: 1003, reason: 'it has more cells than there are columns', file: 'a.svs' }],
  })
})

test('a full line is read: quotes, vocabulary in any case, percentages, terms, yes and no', () => {
  const { lines, refused } = read(
    '\ufefffile,Subject,case,organ,diagnosis,stain,scanner,collected,consent version,consent_date,consent-scope,international,commercial,tumour_fraction,normal_fraction,fractions_attested,vital_status,vital_status_broker,known_texts\r\n' +
      '"a, ""b"".svs",10023456,S22-1,liver,hcc,ki67,GT450,2020-05-31,2.1,2020-05-01,DUO:0000042|DUO:0000007,yes,No,30 %,"0,5",1,Living,Registry,Hong Gildong | M-77\r\n',
  )
  expect(refused).toEqual([])
  expect(lines).toEqual([
    {
      line: 2,
      said: {
        file: 'a, "b".svs',
        subject: '10023456',
        case: 'S22-1',
        specimen: '',
        block: '',
        glass: '',
        knownTexts: ['Hong Gildong', 'M-77'],
        organ: 'LIVER',
        diagnosis: 'HCC',
        stain: 'KI67',
        technique: 'IHC',
        scanner: 'GT450',
        collected: '2020-05-31',
        consentVersion: '2.1',
        consentDate: '2020-05-01',
        consentScope: ['DUO:0000042', 'DUO:0000007'],
        international: true,
        commercial: false,
        vitalStatus: 'living',
        vitalStatusBroker: 'Registry',
        tumourFraction: 0.3,
        normalFraction: 0.5,
        fractionsAttested: true,
      },
    },
  ])
  expect(identifyingTexts(lines[0]!.said)).toEqual([
    'a, "b".svs',
    '10023456',
    'S22-1',
    'Hong Gildong',
    'M-77',
    '2020-05-31',
    '2020-05-01',
  ])
})

test('semicolons separate, too; empty cells are unknown', () => {
  const { lines } = read('file;subject;tumour_fraction;international\na.svs;;0,4;\n\n;;;\n')
  expect(lines).toHaveLength(1)
  expect(lines[0]!.said).toMatchObject({ subject: '', tumourFraction: 0.4, international: null, consentScope: null })
})

describe('a bad line is listed by its number and reason, without its values; the others are taken', () => {
  const cases: [string, string, RegExp][] = [
    ['an unknown code', 'SECRET.svs,77,KNEE,,', /^organ: expected a code of the vocabulary$/],
    ['no file', ',77,LIVER,,', /^file: expected the name of the file$/],
    ['a day that is none', 'SECRET.svs,77,,2020-02-31,', /^collected: expected a date/],
    ['another way to write a day', 'SECRET.svs,77,,31.05.2020,', /^collected: expected a date/],
    ['a share above one', 'SECRET.svs,77,,,130 %', /^tumour_fraction: expected a share/],
    ['too many cells', 'SECRET.svs,77,,,,7', /more cells/],
    ['a registration number', 'SECRET.svs,800101-1234567,,,', /^subject: no registration number is stored$/],
    ['one without its hyphen', 'SECRET.svs,8001011234567,,,', /registration number/],
    ['one in the name of the file', 'scan 800101-1234567.svs,77,,,', /^file: no registration number/],
    ['quotes that do not match', 'SEC"RET".svs,77,,,', /quotes/],
    ['two reasons', 'SECRET.svs,77,KNEE,1.1.20,', /^organ: .*; collected: /],
  ]
  test.each(cases)('%s', (_what, line, reason) => {
    const { lines, refused } = read(`file,subject,organ,collected,tumour_fraction\n${line}\ngood.svs,1,LIVER,,\n`)
    expect(refused).toMatchObject([{ line: 2, reason: expect.stringMatching(reason) }])
    expect(refused[0]!.reason).not.toMatch(/SECRET|1234567|KNEE/)
    expect(lines.map(({ said }) => said.file)).toEqual(['good.svs'])
  })
  test('the same file twice, and a subject of whom two lines say different things', () => {
    const { lines, refused } = read(
      'file,subject,consent_version\na.svs,1,\nA.SVS,1,\nb.svs,1,2\nc.svs,1,2\nd.svs,1,3\ne.svs,2,3\n',
    )
    expect(lines.map(({ line }) => line)).toEqual([2, 4, 5, 7])
    expect(refused).toEqual([
      { line: 3, reason: 'it names the same file as line 2' },
      { line: 6, reason: 'consent_version: it differs from an earlier line of the same subject', file: 'd.svs' },
    ])
  })
  test('a statement on a subject who is not named', () => {
    const { refused } = read('file,subject,consent_version,case\na.svs,,2,S1\n')
    expect(refused).toMatchObject([{ line: 2, reason: 'it says case, consent_version, but of no subject' }])
  })
  test('the file is told where it can be read, and where the same file is told apart', () => {
    const { refused } = read(
      'organ,file,case\nKNEE,a.svs\nKNEE,b"b".svs\nKNEE,\nKNEE,c.svs,7,8\nLIVER,d\nLUNG,D\nLUNG,"e, ""f"".svs",5" x\n',
    )
    expect(refused.map(({ line, file }) => [line, file])).toEqual([
      [2, 'a.svs'],
      [3, undefined],
      [4, undefined],
      [5, 'c.svs'],
      [7, 'D'],
      [8, 'e, "f".svs'],
    ])
  })
})

describe('a manifest that is no table is refused as a whole', () => {
  test.each([
    ['unknown columns by name', 'file,eye_colour,Blood-Group\n', ['eye_colour', 'Blood-Group']],
    ['registration numbers by name', 'file,resident registration number\n', ['no registration number is stored']],
    ['a column twice', 'file,organ,Organ\n', ['"organ" comes twice']],
    ['no file', 'subject\n', ['"file" is missing']],
    [
      'a quote that its line does not close',
      'file,subject\na.svs,"1\nb.svs,2\nc.svs,"3"\n',
      ['line 2: a quote is opened'],
    ],
    ['one behind a cell that is wrong', 'file,subject,case\n\na"b,1,"S\n', ['line 3: a quote is opened']],
    ['a quote closed in a cell', 'file,subject\na.svs,1\n"b"c.svs,2\n', ['line 3: a quote is closed in the middle']],
    ['a line break in a cell', 'file,subject\r\n"a\r\nb",1\r\n', ['line 2: a quote is opened']],
    ['quotes in its headings', 'file,sub"ject\na.svs,1\n', ['line 1: the quotes of the headings']],
    ['a line without an end', `file\n${'x'.repeat(70_000)}\n`, ['line 2: it is longer than']],
  ])('%s', (_what, text, says) => {
    expect.assertions(says.length)
    try {
      read(text)
    } catch (error) {
      for (const word of says) expect((error as { details: string[] }).details.join('\n')).toContain(word)
    }
  })
  test('a first line that is no heading is not repeated; of very many columns some are named', () => {
    const refusal = (text: string): string => {
      try {
        return JSON.stringify(read(text))
      } catch (error) {
        const { message, details } = error as { message: string; details: string[] }
        return JSON.stringify([message, details])
      }
    }
    expect(refusal('Quillfeather^Ottoline.svs,MRN-7730418\nb.svs,c\n')).toBe(
      '["The first line of the manifest names none of its columns",[]]',
    )
    expect(refusal(`file${',x'.repeat(5000)}\n`).length).toBeLessThan(2000)
  })
  test('nothing, another encoding, too many lines', () => {
    expect(() => read('')).toThrow('empty')
    expect(() => read(Buffer.from('file\nü.svs\n', 'latin1'))).toThrow('UTF-8')
    expect(() => read(Buffer.from('file\nü.svs\n', 'utf16le'))).toThrow()
    expect(() => read('file\na\nb\nc\n', 2)).toThrow('at most 2 lines')
    expect(read('file\na\nb\n', 2).lines).toHaveLength(2)
  })
})

test('whatever the bytes, a manifest is read or refused with a reason', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('file', 'subject', ',', ';', '"', '\n', '\r\n', '\0', 'ü', '800101', '\ufeff')),
      pieces => {
        try {
          const { lines, refused } = read(pieces.join(''))
          for (const { reason } of refused) expect(reason).not.toBe('')
          for (const { said } of lines) expect(said.file).not.toBe('')
        } catch (error) {
          expect((error as { publicMessage?: string }).publicMessage).toBeTypeOf('string')
        }
      },
    ),
  )
})
