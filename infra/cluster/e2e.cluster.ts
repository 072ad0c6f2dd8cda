/** What the black-box suites say of one process and of separate ones, they say of a cluster. */
import { afterAll, beforeAll, describe } from 'vitest'
import { startCluster } from '../../services/e2e/cluster.ts'
import type { Shape } from '../../services/e2e/shape.ts'
import { buildingSuite } from '../../services/e2e/suites/building.ts'
import { everySuite } from '../../services/e2e/suites/every.ts'
import { serverSurvivalSuite } from '../../services/e2e/suites/survival.ts'
import { clusterMissing } from './tool.ts'

const missing = clusterMissing()

describe.skipIf(missing)(`a cluster${missing ? ` (${missing})` : ''}`, () => {
  let shape: Shape
  beforeAll(async () => {
    shape = await startCluster()
  })
  afterAll(() => shape?.stop(), 240_000)

  everySuite(() => shape)
  buildingSuite(() => shape)
  serverSurvivalSuite(() => shape)
})
