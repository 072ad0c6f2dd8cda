import { bytes, duration, integer, type Settings, text } from '@coverslip/platform/config.ts'
import { z } from 'zod'

const keepers = z
  .string()
  .transform(value => value.split(',').map(name => name.trim()))
  .pipe(z.array(z.string().regex(/^[a-z]+(@[a-z][a-z0-9]*)?$/, 'expected services such as tiles or tiles@cloud')))

export const config = {
  SUBJECTS_KEY: {
    type: text,
    default: '',
    help: 'Seals what identifies a subject (32 random bytes, base64url). Empty: made and kept in SUBJECTS_KEY_FOLDER. Without it the ledger cannot be read by anybody',
    secret: true,
  },
  SUBJECTS_KEY_FOLDER: {
    type: text,
    default: '{data}/keys',
    help: 'Where the key is kept when SUBJECTS_KEY is empty',
  },
  MANIFEST_MAX_BYTES: { type: bytes, default: '16m', help: 'Largest manifest' },
  MANIFEST_MAX_LINES: { type: integer(1, 1_000_000), default: '100000', help: 'Most lines of a manifest' },
  VOCABULARY_FILE: {
    type: text,
    default: '',
    help: 'JSON with the codes for organs, diagnoses and stains; empty: vocabularies/default.json',
  },
  LEDGER_LOOKUP_TTL: {
    type: duration,
    default: '15m',
    help: 'How long the answer of a look-up is shown after somebody agreed to it',
  },
  LEDGER_PERSON_AGE: {
    type: duration,
    default: '7d',
    help: 'How long an account has to be there before it may ask for a look-up or agree to one: nobody makes a second person on the spot',
  },
  WITHDRAWAL_KEEPERS: {
    type: keepers,
    default: 'ingest,deidentify,pyramid,tiles,annotations,catalog',
    help: 'Who has to say that a withdrawn slide is erased; services of another site as `tiles@cloud`',
  },
} satisfies Settings
