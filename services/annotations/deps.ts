import type { Deps } from '@coverslip/platform/module.ts'
import type { config } from './config.ts'
import type { AnnotationTables } from './tables.ts'

/** What the handlers of this service are given. */
export type AnnotationsDeps = Deps<AnnotationTables, typeof config>
