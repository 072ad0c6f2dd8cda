import { ServiceError } from '@coverslip/platform/errors.ts'
import type { RpcImplementation } from '@coverslip/platform/module.ts'
import {
  DeidentifyServiceDefinition,
  type DeidentifyServiceImplementation,
} from '@coverslip/proto/gen/deidentify/v1/deidentify.ts'
import type { DeidentifyDeps } from './received.ts'
import { findSlide } from './store.ts'

/** @throws ServiceError `not-found` for a slide without a report */
export function createRpc({ db }: Pick<DeidentifyDeps, 'db'>): RpcImplementation {
  const implementation: DeidentifyServiceImplementation = {
    async getReport({ slideId }) {
      const slide = await findSlide(db.query, slideId)
      if (!slide?.report) throw new ServiceError('not-found', 'There is no report on this slide')
      return { slideId, revision: slide.revision, reportJson: slide.report }
    },
  }
  return { definition: DeidentifyServiceDefinition, implementation: { ...implementation } }
}
