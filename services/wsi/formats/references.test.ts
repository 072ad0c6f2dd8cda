import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSlide } from '../open.ts'
import { assertOwnFiles } from './references.ts'

let folder: string
let path: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-references-'))
  path = join(folder, 'slide.mrxs')
  await mkdir(join(folder, 'slide'))
  await writeFile(path, 'any')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const slidedat = (lines: string[]) => writeFile(join(folder, 'slide/Slidedat.ini'), lines.join('\r\n'))

test('a slide that names the files of its folder passes', async () => {
  await slidedat([
    '\uFEFF[GENERAL]',
    'SLIDE_NAME = a/b',
    '[HIERARCHICAL]',
    'INDEXFILE = Index.dat',
    'FILE_0=Data0000.dat',
  ])
  await expect(assertOwnFiles(path)).resolves.toBeUndefined()
})

test.each([
  'FILE_0 = ../../../other/1/slide/Data0000.dat',
  'FILE_12=/etc/passwd',
  '  INDEXFILE =..',
  'INDEXFILE = a\\b',
  'FILE_1 = ',
])('a name that leads out is refused: %s', async line => {
  // A comment in front: OpenSlide takes it for MIRAX, although our own detection does not.
  await slidedat(['# x', '[GENERAL]', '[HIERARCHICAL]', 'INDEXFILE = Index.dat', line, 'X = 1'])
  await expect(assertOwnFiles(path)).rejects.toMatchObject({ code: 'damaged' })
  await expect(describeSlide(path)).rejects.toThrow('outside of its folder')
})

test.each(['Virtual Microscope Specimen', 'Uncompressed Virtual Microscope Specimen'])(
  'a list of files is no slide that can be received: %s',
  async group => {
    const list = join(folder, 'source')
    await writeFile(list, `# x\n[${group}]\nImageFile=../../other/1/source\n`)
    await expect(describeSlide(list)).rejects.toMatchObject({ code: 'unsupported' })
  },
)
