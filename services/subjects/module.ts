import { defineModule } from '@coverslip/platform/module.ts'
import { adoptFormerAudit } from './audit.ts'
import { config } from './config.ts'
import type { SubjectsDeps } from './deps.ts'
import { getAudit, getLedger, postKey, putLedger } from './http/ledger.ts'
import { getLookup, getLookups, postApproval, postLookup } from './http/lookups.ts'
import { postManifest } from './http/manifests.ts'
import { getRules, putRules } from './http/rules.ts'
import { getSubject, getSubjects, putAttestation, putConsent } from './http/subjects.ts'
import { getWithdrawal, getWithdrawals, postWithdrawal } from './http/withdrawals.ts'
import { startCaretaker } from './ledger/caretaker.ts'
import { onDeidentified } from './ledger/released.ts'
import { migrations } from './migrations/index.ts'
import { createRpc } from './rpc.ts'
import { openKeyring } from './sealing/keyring.ts'
import { openRootKey } from './sealing/root-key.ts'
import type { Tables } from './store.ts'
import { openVocabulary } from './vocabularies/vocabulary.ts'
import { onDeleted, onErased } from './withdrawal/receipts.ts'

/** Who the material comes from, and whether it may be used. */
export const subjects = defineModule<Tables, typeof config, Record<never, never>>({
  name: 'subjects',
  config,
  migrations,
  async start(platform) {
    const root = await openRootKey(platform.config)
    await openKeyring(platform.db.query, root)
    const vocabulary = await openVocabulary(platform.config.VOCABULARY_FILE)
    const deps: SubjectsDeps = { ...platform, root, vocabulary }
    await adoptFormerAudit(deps)
    const caretaker = startCaretaker(deps)
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
        'GET /api/ledger': getLedger(deps),
        'PUT /api/ledger': putLedger(deps, caretaker),
        'POST /api/ledger/keys': postKey(deps, caretaker),
        'GET /api/ledger/audit': getAudit(deps),
        'GET /api/ledger/lookups': getLookups(deps),
        'POST /api/ledger/lookups': postLookup(deps),
        'GET /api/ledger/lookups/{id}': getLookup(deps),
        'POST /api/ledger/lookups/{id}/approval': postApproval(deps),
        'POST /api/subjects/{subject}/withdrawal': postWithdrawal(deps),
        'GET /api/withdrawals': getWithdrawals(deps),
        'GET /api/withdrawals/{id}': getWithdrawal(deps),
      },
      consumers: {
        'slides.deidentified': onDeidentified(deps),
        'slides.deleted': onDeleted(deps),
        'slides.erased': onErased(deps),
      },
      stop: caretaker.stop,
    }
  },
})
