import { bytes, duration, integer, type Settings } from '@coverslip/platform/config.ts'

export const config = {
  TILES_MEMORY: { type: bytes, default: '256m', help: 'Tiles kept in the memory of a process, at most so many bytes' },
  TILES_OPEN_SLIDES: {
    type: integer(1, 100_000),
    default: '500',
    help: 'Slides that a process keeps open, with their files',
  },
  TILES_SLIDE_IDLE: { type: duration, default: '10m', help: 'A slide that nobody looks at is closed after so long' },
  TILES_CACHE_TTL: { type: duration, default: '24h', help: 'How long the shared cache keeps a tile' },
  TILES_TRACE_EVERY: {
    type: integer(1, 1_000_000),
    default: '100',
    help: 'One tile in so many is traced; the first of a slide always is',
  },
} satisfies Settings
