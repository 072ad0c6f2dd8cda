import type { Deps, RpcClient } from '@coverslip/platform/module.ts'
import type { SubjectsServiceDefinition } from '@coverslip/proto/gen/subjects/v1/subjects.ts'
import type { config } from './config.ts'
import type { KeyedHash } from './keyed-hash.ts'
import type { Tables } from './store.ts'
import type { UploadStore } from './uploads/upload-store.ts'

export const objects = { source: 'write' } as const
/** What the platform gives this service. */
export type IngestDeps = Deps<Tables, typeof config, typeof objects>

/** What this service asks of subjects. */
export type Subjects = Pick<RpcClient<typeof SubjectsServiceDefinition>, 'admit' | 'findBySourceName'>

/** What bringing slides in takes. */
export interface Arriving {
  deps: IngestDeps
  store: UploadStore
  hash: KeyedHash
  subjects: Subjects
}
