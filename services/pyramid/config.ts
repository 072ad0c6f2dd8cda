import { integer, type Settings } from '@coverslip/platform/config.ts'

export const config = {
  PYRAMID_CONCURRENCY: {
    type: integer(1, 64),
    default: '1',
    help: 'Slides in work at once in one process; one slide uses all cores',
  },
} satisfies Settings
