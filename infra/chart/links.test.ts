import { expect, test } from 'vitest'
import { danglingOf } from './links.ts'
import type { KubeObject } from './rules.ts'

// biome-ignore lint/suspicious/noExplicitAny: parts of any object are changed
const release = (): Record<string, any> => {
  const labels = { app: 'x' }
  const object = (kind: string, spec?: object, name = 'x'): KubeObject => ({
    kind,
    apiVersion: 'v1',
    metadata: { name },
    spec,
  })
  const container = { name: 'x', ports: [{ name: 'http' }], volumeMounts: [{ name: 'settings' }] }
  const pod = {
    serviceAccountName: 'r-x',
    containers: [container],
    volumes: [{ name: 'settings', configMap: { name: 'r-x' } }],
  }
  return {
    deployment: object('Deployment', { template: { metadata: { labels }, spec: pod } }),
    service: object('Service', { selector: labels, ports: [{ targetPort: 'http' }] }),
    budget: object('PodDisruptionBudget', { maxUnavailable: 1, selector: { matchLabels: labels } }),
    scaler: object('HorizontalPodAutoscaler', { scaleTargetRef: { name: 'x' } }),
    account: object('ServiceAccount', {}, 'r-x'),
    settings: object('ConfigMap', {}, 'r-x'),
  }
}

test('nothing is said of a release whose parts fit', () => {
  expect(danglingOf(Object.values(release()))).toEqual([])
})

test.each<[says: string, wrong: (objects: ReturnType<typeof release>) => void]>([
  ['Service x: selects no pod', ({ service }) => (service.spec.selector = { app: 'y' })],
  ['Service x: its pods have no port grpc', ({ service }) => service.spec.ports.push({ targetPort: 'grpc' })],
  ['PodDisruptionBudget x: selects no pod', ({ budget }) => (budget.spec.selector.matchLabels = { app: 'y' })],
  ['PodDisruptionBudget x: may keep a node', ({ budget }) => (budget.spec.maxUnavailable = 0)],
  ['PodDisruptionBudget x: may keep a node', ({ budget }) => (budget.spec = { ...budget.spec, minAvailable: 1 })],
  ['there is no Deployment y', ({ scaler }) => (scaler.spec.scaleTargetRef.name = 'y')],
  ["its number of pods is also HorizontalPodAutoscaler x's", ({ deployment }) => (deployment.spec.replicas = 2)],
  ['there is no ConfigMap r-x', objects => delete objects.settings],
  ['x mounts settings, which is no volume', ({ deployment }) => (deployment.spec.template.spec.volumes = [])],
  ['there is no ServiceAccount r-x', objects => delete objects.account],
])('it is said that %s', (says, wrong) => {
  const objects = release()
  wrong(objects)
  expect(danglingOf(Object.values(objects)).join('\n')).toContain(says)
})
