import type { RpcImplementation } from '@coverslip/platform/module.ts'
import { type Material, Technique } from '@coverslip/proto/gen/slides/v1/slides.ts'
import {
  SubjectsServiceDefinition,
  type SubjectsServiceImplementation,
} from '@coverslip/proto/gen/subjects/v1/subjects.ts'
import { admit } from './admit.ts'
import type { SubjectsDeps } from './deps.ts'
import { findBySourceName, knownTexts } from './known-texts.ts'
import { isLedgerOn } from './ledger/switch.ts'
import type { MaterialCodes } from './store.ts'

const TECHNIQUES: Record<MaterialCodes['technique'], Technique> = {
  '': Technique.UNSPECIFIED,
  HE: Technique.HE,
  IHC: Technique.IHC,
  SPECIAL: Technique.SPECIAL,
  FLUORESCENCE: Technique.FLUORESCENCE,
}

const toMaterial = ({ technique, ...codes }: MaterialCodes): Material => ({
  ...codes,
  technique: TECHNIQUES[technique],
})

export function createRpc({ db, root }: SubjectsDeps): RpcImplementation {
  const implementation: SubjectsServiceImplementation = {
    async admit(arrival) {
      const { admitted, heldBy, slide } = await db.transaction(trx => admit(trx, root, arrival))
      const { pseudonyms, material } = slide
      const researchNumber = slide.research_number ?? ''
      return { admitted, heldBy, pseudonyms, material: toMaterial(material), researchNumber }
    },
    getKnownTexts: async ({ slideId }) => ({
      texts: await knownTexts(db.query, root, slideId),
      ledger: await isLedgerOn(db.query),
    }),
    findBySourceName: async ({ project, sourceName }) => ({
      slideId: (await findBySourceName(db.query, root, project, sourceName)) ?? '',
      ledger: await isLedgerOn(db.query),
    }),
  }
  return { definition: SubjectsServiceDefinition, implementation: { ...implementation } }
}
