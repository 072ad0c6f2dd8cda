import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readManifest } from '../manifest/read.ts'
import { openVocabulary, STANDARD } from './vocabulary.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-vocabulary-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))
const written = async (content: unknown): Promise<string> => {
  const path = join(folder, 'vocabulary.json')
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

test('a site has its own codes', async () => {
  const own = { organs: { KNEE: 'Knee' }, diagnoses: {}, stains: { AZAN: 'Azan' }, techniques: { SPECIAL: ['AZAN'] } }
  const vocabulary = await openVocabulary(await written(own))
  const { lines, refused } = readManifest(Buffer.from('file,organ,stain\na,knee,azan\nb,LIVER,\nc,__proto__,'), {
    maxLines: 10,
    vocabulary,
  })
  expect(lines.map(({ said }) => [said.organ, said.stain, said.technique])).toEqual([['KNEE', 'AZAN', 'SPECIAL']])
  expect(refused.map(({ line }) => line)).toEqual([3, 4])
})

test.each([['{'], [{ organs: {} }], [{ ...STANDARD, organs: { 'left knee': 'x' } }]])(
  'a file that is none stops the start: %j',
  async content => {
    await expect(openVocabulary(await written(content))).rejects.toThrow('VOCABULARY_FILE')
  },
)

test('every stain that implies a technique is one of the standard', () => {
  for (const stains of Object.values(STANDARD.techniques))
    for (const stain of stains) expect(STANDARD.stains).toHaveProperty(stain)
})
