import type { Settings } from '@coverslip/platform/config.ts'

/** The intake gateway has nothing to set beyond where ingest answers. */
export const config = {} satisfies Settings
