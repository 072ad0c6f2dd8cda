import { bytes, integer, type Settings, text } from '@coverslip/platform/config.ts'

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
} satisfies Settings
