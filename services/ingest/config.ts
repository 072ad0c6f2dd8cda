import { bytes, duration, integer, type Settings, text } from '@coverslip/platform/config.ts'
import { z } from 'zod'
import { watchedFolders } from './watched/setting.ts'

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
  INGEST_UPLOADS: {
    type: integer(1, 10_000),
    default: '64',
    help: 'Requests that may send bytes at once in one process; more wait, unread, and are asked (503) to come back',
  },
  INGEST_UPLOADS_PER_USER: {
    type: integer(1, 10_000),
    default: '16',
    help: 'The same for one user (429)',
  },
  INGEST_SLOWEST: {
    type: bytes,
    default: '1k',
    help: 'Bytes per second below which, over a minute, a request is cut off; its client resumes',
  },
  INGEST_QUEUE: {
    type: integer(1, 1_000_000),
    default: '1000',
    help: 'Slides that may wait to be recognised; new ones are then asked (503) to come back',
  },
  INGEST_ARRIVALS: { type: integer(1, 64), default: '2', help: 'Slides that one process recognises at once' },
  INGEST_DUPLICATES: {
    type: z.enum(['refuse', 'keep']),
    default: 'refuse',
    help: '`refuse`: a slide whose bytes the project has already fails as `duplicate`; `keep`: it is one more slide',
  },
  SOURCE_HASH_KEY: {
    type: text,
    default: '',
    help: 'Key of the hashes by which duplicates are recognised (32 characters or more). Empty: made and kept in SOURCE_HASH_KEY_FOLDER',
    secret: true,
  },
  SOURCE_HASH_KEY_FOLDER: {
    type: text,
    default: '{data}/keys',
    help: 'Where the key is kept when SOURCE_HASH_KEY is empty',
  },
  ARCHIVE_MAX_BYTES: { type: bytes, default: '200g', help: 'Most bytes that a zip may unpack to' },
  ARCHIVE_MAX_RATIO: {
    type: integer(1, 1000),
    default: '20',
    help: 'Most bytes that a zip may unpack to for each of its own; slides are compressed already',
  },
  WATCH_FOLDERS: {
    type: watchedFolders,
    default: '',
    help: 'Folders whose slides are taken as they come: `/scans/a=project; /scans/b=other`. They are only read',
  },
  WATCH_SETTLE: {
    type: duration,
    default: '30s',
    help: 'How long nothing of a slide in a watched folder must have changed',
  },
  WATCH_EVERY: {
    type: duration,
    default: '10s',
    help: 'How often watched folders are looked at; large ones less often, at most a fifth of the time is spent looking',
  },
  WATCH_PATIENCE: {
    type: duration,
    default: '1h',
    help: 'How long a settled file that does not open is tried again before it is listed as refused',
  },
  SOURCE_RETENTION: {
    type: retention,
    default: '',
    help: 'How long the source of a ready slide is kept, for one `90d`; empty: until somebody deletes it',
  },
} satisfies Settings
