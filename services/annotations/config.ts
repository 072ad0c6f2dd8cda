import { bytes, integer, type Settings } from '@coverslip/platform/config.ts'

export const config = {
  ANNOTATIONS_MAX_VERTICES: {
    type: integer(4, 1_000_000),
    default: '200000',
    help: 'Most vertices of one annotation; one of more than 3 MiB is refused whatever this says',
  },
  ANNOTATIONS_IMPORT_MAX_BYTES: {
    type: bytes,
    default: '256m',
    help: 'Largest annotation file that can be imported',
  },
} satisfies Settings
