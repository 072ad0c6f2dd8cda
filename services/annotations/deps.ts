import type { Deps } from '@coverslip/platform/module.ts'
import type { config } from './config.ts'
import type { AnnotationTables } from './tables.ts'

/** Cleaned annotation files lie beside the pyramids. */
export const objects = { pyramid: 'read' } as const

/** What the handlers of this service are given. */
export type AnnotationsDeps = Deps<AnnotationTables, typeof config, typeof objects>
