import type { Settings } from '@coverslip/platform/config.ts'

/** The catalog has nothing to set beyond its database and bus. */
export const config = {} satisfies Settings
