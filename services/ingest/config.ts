import { bytes, duration, integer, type Settings } from '@coverslip/platform/config.ts'
import { z } from 'zod'

/** A duration, or nothing: for ever. */
const retention: z.ZodType<number | undefined, string> = z.union([z.literal('').transform(() => undefined), duration])

export const config = {
  UPLOAD_MAX_BYTES: { type: bytes, default: '100g', help: 'Largest file that may be uploaded' },
  UPLOAD_SET_MAX_FILES: { type: integer(2, 100_000), default: '10000', help: 'Most files that may make up one slide' },
  UPLOAD_SET_TIMEOUT: {
    type: duration,
    default: '24h',
    help: 'An upload, or a set of files, in which nothing happened for so long fails and its bytes are removed',
  },
  INGEST_FREE_FLOOR: {
    type: bytes,
    default: '2g',
    help: 'Uploads are refused (507) when less than this would stay free in the source store',
  },
  SOURCE_RETENTION: {
    type: retention,
    default: '',
    help: 'How long the source of a ready slide is kept, for one `90d`; empty: until somebody deletes it',
  },
} satisfies Settings
