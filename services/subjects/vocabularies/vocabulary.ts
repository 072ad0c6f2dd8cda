/** The codes for organs, diagnoses and stains: a file of the site, or the one that comes with the program. */
import { readFile } from 'node:fs/promises'
import { ConfigError } from '@coverslip/platform/config.ts'
import { z } from 'zod'
import standard from './default.json' with { type: 'json' }

/** Codes with their meaning. They may become parts of names: few, capital, without blanks. */
const codes = z.record(z.string().regex(/^[A-Z0-9_-]{1,32}$/), z.string())

const vocabulary = z.strictObject({
  organs: codes,
  diagnoses: codes,
  stains: codes,
  /** The technique that a stain implies. */
  techniques: z.partialRecord(z.enum(['HE', 'IHC', 'SPECIAL', 'FLUORESCENCE']), z.array(z.string())),
})
export type Vocabulary = z.infer<typeof vocabulary>
/** The lists of codes. */
export type Codes = Exclude<keyof Vocabulary, 'techniques'>

export const STANDARD: Vocabulary = vocabulary.parse(standard)

/** @param path of a JSON file; empty: the standard. @throws ConfigError when it cannot be read, or holds something else */
export async function openVocabulary(path: string): Promise<Vocabulary> {
  if (path === '') return STANDARD
  try {
    return vocabulary.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    const problem = 'VOCABULARY_FILE: expected JSON like services/subjects/vocabularies/default.json'
    throw Object.assign(new ConfigError([problem]), { cause })
  }
}
