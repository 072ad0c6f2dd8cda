import { integer, type Settings } from '@coverslip/platform/config.ts'

export const config = {
  DEIDENTIFY_CONCURRENCY: {
    type: integer(1, 64),
    default: '2',
    help: 'Slides in work at once in one process; formats that are rewritten use all cores for one slide',
  },
} satisfies Settings
