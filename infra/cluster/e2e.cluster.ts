/** What the black-box suites say of one process and of separate ones, they say of a cluster. */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCluster } from '../../services/e2e/cluster.ts'
import type { Shape } from '../../services/e2e/shape.ts'
import { buildingSuite } from '../../services/e2e/suites/building.ts'
import { everySuite } from '../../services/e2e/suites/every.ts'
import { serverSurvivalSuite } from '../../services/e2e/suites/survival.ts'
import type { Release } from './release.ts'
import { clusterMissing, helm, kubectl } from './tool.ts'

const missing = clusterMissing()

describe.skipIf(missing)(`a cluster${missing ? ` (${missing})` : ''}`, () => {
  let shape: Shape & { release: Release }
  beforeAll(async () => {
    shape = await startCluster()
  })
  afterAll(() => shape?.stop(), 240_000)

  test('helm test sends a slide through it', { timeout: 300_000 }, async () => {
    const told = await helm('test', 'slides', '--namespace', shape.release.namespace, '--timeout', '4m').catch(String)
    const log = shape.logs.find(file => file.includes(`${shape.release.full}-test-`))
    const said = log ? await readFile(log, 'utf8') : ''
    expect([said, told]).toEqual([
      expect.stringMatching(/the slide is ready\na tile of it has \d+ bytes/),
      expect.stringMatching(/Phase:\s+Succeeded/),
    ])
  })

  test('no process is root, and none can write where it was not given room', { timeout: 120_000 }, async () => {
    const { namespace } = shape.release
    const named = await kubectl('get', 'pods', '-n', namespace, '-o', 'name', '--field-selector=status.phase=Running')
    const pods = named.trim().split('\n')
    expect(pods.length).toBeGreaterThan(12)
    const look =
      'id -u; for d in / /app /usr /etc /var; do (: >$d/written) 2>/dev/null && echo "writes to $d"; done; true'
    const said = await Promise.all(
      pods.map(async pod => [pod, await kubectl('exec', '-n', namespace, pod, '--', 'sh', '-c', look)] as const),
    )
    expect(said.filter(([, text]) => text.trim() !== '10001')).toEqual([])
  })

  everySuite(() => shape)
  buildingSuite(() => shape)
  serverSurvivalSuite(() => shape)
})
