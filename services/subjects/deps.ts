import type { Deps } from '@coverslip/platform/module.ts'
import type { config } from './config.ts'
import type { RootKey } from './sealing/root-key.ts'
import type { Tables } from './store.ts'
import type { Vocabulary } from './vocabularies/vocabulary.ts'

/** What the handlers of this service are given: the platform's part, the key that opens what is sealed, the site's codes. */
export type SubjectsDeps = Deps<Tables, typeof config> & { root: RootKey; vocabulary: Vocabulary }
