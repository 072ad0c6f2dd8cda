import type { Deps } from '@coverslip/platform/module.ts'
import type { config } from './config.ts'
import type { Tables } from './store.ts'

export const objects = { source: 'write' } as const
/** What the platform gives this service. */
export type IngestDeps = Deps<Tables, typeof config, typeof objects>
