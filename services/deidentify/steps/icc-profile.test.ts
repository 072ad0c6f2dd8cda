import sharp from 'sharp'
import { expect, test } from 'vitest'
import { isBareProfile, isSameTransform } from '../proof/profile.ts'
import { needlessOf } from './icc-profile.ts'

/** A profile of the tags given, one after the other. */
function profileOf(tags: Record<string, Buffer>, tail = ''): Buffer {
  const entries = Object.entries(tags)
  const table = Buffer.alloc(4 + entries.length * 12)
  table.writeUInt32BE(entries.length)
  let at = 128 + table.length
  for (const [i, [name, data]] of entries.entries()) {
    table.write(name, 4 + i * 12, 'latin1')
    table.writeUInt32BE(at, 8 + i * 12)
    table.writeUInt32BE(data.length, 12 + i * 12)
    at += data.length
  }
  const header = Buffer.alloc(128)
  header.write('acsp', 36, 'latin1')
  header.fill(0x2a, 24, 36)
  return Buffer.concat([header, table, ...Object.values(tags), Buffer.from(tail)])
}
const tag = (type: string, data: string) => Buffer.from(`${type}\0\0\0\0${data}`, 'latin1')

function blanked(profile: Buffer): Buffer {
  const copy = Buffer.from(profile)
  for (const { offset, length } of needlessOf(profile)!) copy.fill(0, offset, offset + length)
  return copy
}

test('texts, dates, private tags and what lies beside the tags go, numbers stay', () => {
  const profile = profileOf(
    {
      desc: tag('desc', 'SCANNER-7'),
      rTRC: tag('curv', 'NUMBERS'),
      JANE: tag('JANE', 'DOE'),
      cprt: tag('mluc', 'Dr X'),
    },
    'TAIL',
  )
  const left = blanked(profile).toString('latin1')
  for (const gone of ['SCANNER-7', 'DOE', 'Dr X', 'TAIL', '*']) expect(left).not.toContain(gone)
  for (const kept of ['NUMBERS', 'rTRC', 'desc', 'acsp']) expect(left).toContain(kept)
  expect(needlessOf(blanked(profile))).toEqual(needlessOf(profile))
})

test('no word is left in the header, as a type, or behind the numbers of a tag', () => {
  const curve = Buffer.concat([tag('curv', '\0\0\0\x01\x02\x03'), Buffer.from('OTTOLINE')])
  const profile = profileOf({
    rTRC: curve,
    wtpt: tag('XYZ ', `${'\x01'.repeat(12)}QUILL`),
    gTRC: tag('ui08', 'FEATHER'),
    tech: tag('sig ', 'ROSA'),
    OWN_: tag('MRNX', ''),
    cprt: Buffer.from('textDOEJ'),
  })
  profile.write('AUTHOR', 4, 'latin1')
  profile.write('QUILLFEATHER^OTTOLINE', 40, 'latin1')
  profile.write('JANE', 80, 'latin1')
  const left = blanked(profile).toString('latin1')
  for (const gone of ['AUTH', 'QUILL', 'FEATHER', 'OTTO', 'JANE', 'ROSA', 'MRNX', 'DOEJ'])
    expect(left).not.toContain(gone)
  expect(left).toContain('curv\0\0\0\0\0\0\0\x01\x02\x03')
  expect(isBareProfile(profile)).toBe(false)
  expect(isBareProfile(blanked(profile))).toBe(true)
  expect(isSameTransform(profile, blanked(profile))).toBe(true)
})

test.each([
  ['too short', Buffer.from('DOE^JANE')],
  ['another signature', profileOf({}).fill(0, 36, 40)],
  ['a tag beyond the end', profileOf({ desc: tag('desc', 'x') }).subarray(0, -2)],
  ['more tags than bytes', (() => profileOf({}).fill(0xff, 128, 132))()],
])('what is no profile is told: %s', (_what, bytes) => {
  expect(needlessOf(bytes)).toBeNull()
})

test('a real profile transforms colours as before', async () => {
  const pixels = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 37) % 256))
  const raw = { raw: { width: 10, height: 10, channels: 3 } } as const
  const p3 = await sharp(pixels, raw).withIccProfile('p3').tiff({ compression: 'none' }).toBuffer()
  const { icc } = await sharp(p3).metadata()
  const cleaned = Buffer.from(p3)
  blanked(icc!).copy(cleaned, p3.indexOf(icc!))
  const srgbOf = (file: Buffer) => sharp(file).toColourspace('srgb').raw().toBuffer()
  expect(cleaned.equals(p3)).toBe(false)
  expect(await srgbOf(cleaned)).toEqual(await srgbOf(p3))
})
