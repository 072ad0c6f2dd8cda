import { defineModule } from '@coverslip/platform/module.ts'
import { config } from './config.ts'
import type { SubjectsDeps } from './deps.ts'
import { postManifest } from './http/manifests.ts'
import { getRules, putRules } from './http/rules.ts'
import { getSubject, getSubjects, putAttestation, putConsent } from './http/subjects.ts'
import { migrations } from './migrations/index.ts'
import { createRpc } from './rpc.ts'
import { openKeyring } from './sealing/keyring.ts'
import { openRootKey } from './sealing/root-key.ts'
import type { Tables } from './store.ts'

/** Who the material comes from, and whether it may be used. */
export const subjects = defineModule<Tables, typeof config, Record<never, never>>({
  name: 'subjects',
  config,
  migrations,
  async start(platform) {
    const root = await openRootKey(platform.config)
    await openKeyring(platform.db.query, root)
    const deps: SubjectsDeps = { ...platform, root }
    return {
      rpc: createRpc(deps),
      routes: {
        'POST /api/manifests': postManifest(deps),
        'GET /api/projects/{project}/selection-rules': getRules(deps),
        'PUT /api/projects/{project}/selection-rules': putRules(deps),
        'GET /api/subjects': getSubjects(deps),
        'GET /api/subjects/{subject}': getSubject(deps),
        'PUT /api/subjects/{subject}/consent': putConsent(deps),
        'PUT /api/subjects/{subject}/attestations/{kind}': putAttestation(deps),
      },
    }
  },
})
