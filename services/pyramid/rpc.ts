import { ServiceError } from '@coverslip/platform/errors.ts'
import type { RpcImplementation } from '@coverslip/platform/module.ts'
import { PyramidServiceDefinition, type PyramidServiceImplementation } from '@coverslip/proto/gen/pyramid/v1/pyramid.ts'
import type { PyramidDeps } from './deps.ts'
import { findPyramid, findReport } from './store.ts'

/** @throws ServiceError `not-found` for a slide without a pyramid */
export function createRpc({ db }: Pick<PyramidDeps, 'db'>): RpcImplementation {
  const none = () => new ServiceError('not-found', 'There is no pyramid of this slide')
  const implementation: PyramidServiceImplementation = {
    async getPyramid({ slideId }) {
      const pyramid = await findPyramid(db.query, slideId)
      if (!pyramid?.file) throw none()
      const { key, bytes, sha256, geometry } = pyramid.file
      return { slideId, revision: pyramid.revision, file: { key, bytes: BigInt(bytes), sha256 }, geometry }
    },
    async getQualityReport({ slideId }) {
      const found = await findReport(db.query, slideId)
      if (!found) throw none()
      return { slideId, revision: found.revision, reportJson: found.report }
    },
  }
  return { definition: PyramidServiceDefinition, implementation: { ...implementation } }
}
