import type { Deps } from '@coverslip/platform/module.ts'
import type { config } from './config.ts'
import type { Tables } from './tables.ts'

export const objects = { original: 'read', pyramid: 'write' } as const
export type PyramidDeps = Deps<Tables, typeof config, typeof objects>
