/**
 * Every case of the chart as the API server of a real cluster takes it: schemas, defaults and rules (CEL) of Kubernetes' own kinds and
 * of Gateway API, KEDA, Prometheus, External Secrets; and Pod Security, in a namespace that enforces `restricted`.
 */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { CRD_SOURCES, crdText } from '../chart/crds.ts'
import { apply, clusterEnvironment, clusterMissing, helm, kubectl, ran } from './tool.ts'

const CHART = new URL('../../charts/coverslip', import.meta.url).pathname
const NAMESPACE = 'dry-run'
const missing = clusterMissing()
const cases = readdirSync(join(CHART, 'ci')).filter(name => name.endsWith('.yaml'))

describe.skipIf(missing !== undefined)(
  `every case of the chart, at a real API server${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    const brought: string[] = []

    beforeAll(async () => {
      const there = await kubectl('get', 'crd', '--output=name')
      for (const [module, file] of CRD_SOURCES) {
        const text = crdText(module, file)
        const { metadata } = parse(text) as { metadata: { name: string } }
        const name = `customresourcedefinition.apiextensions.k8s.io/${metadata.name}`
        if (there.includes(name)) continue
        // Larger than what `apply` keeps beside an object.
        await ran('kubectl', ['create', '-f', '-'], text)
        brought.push(name)
      }
      if (brought.length > 0) await kubectl('wait', '--for=condition=Established', '--timeout=60s', ...brought)
      const labels = {
        'pod-security.kubernetes.io/enforce': 'restricted',
        'pod-security.kubernetes.io/warn': 'restricted',
      }
      await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } }])
    })
    afterAll(async () => {
      await kubectl('delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=false')
      if (brought.length > 0) await kubectl('delete', '--wait=false', ...brought)
    })

    test.each(cases)('%s is taken without a warning', { timeout: 120_000 }, async name => {
      const rendered = await helm(
        'template',
        'slides',
        CHART,
        '--namespace',
        NAMESPACE,
        '--kube-version',
        '1.33.0',
        '--values',
        join(CHART, 'ci', name),
      )
      const running = promisify(execFile)(
        'kubectl',
        ['apply', '--dry-run=server', '--namespace', NAMESPACE, '-f', '-'],
        { env: clusterEnvironment(), maxBuffer: 1 << 26 },
      )
      running.child.stdin!.end(rendered)
      const { stdout, stderr } = await running
      expect(stderr).toBe('')
      expect(stdout.split('\n').filter(line => line.endsWith('created (server dry run)')).length).toBe(
        [...rendered.matchAll(/^kind: /gm)].length,
      )
    })
  },
)
