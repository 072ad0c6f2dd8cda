/** What objects say of each other must be true: a name that leads nowhere is found at render, not at night. */
import { type KubeObject, podsOf } from './rules.ts'

/** One sentence for each reference that leads nowhere, and for each pair of objects that work against each other. */
export function danglingOf(objects: KubeObject[]): string[] {
  return [...services(objects), ...budgets(objects), ...scalers(objects), ...mounts(objects), ...accounts(objects)]
}

const of = (objects: KubeObject[], ...kinds: string[]): KubeObject[] =>
  objects.filter(({ kind }) => kinds.includes(kind))
const named = (objects: KubeObject[], kind: string, name: string): KubeObject | undefined =>
  of(objects, kind).find(({ metadata }) => metadata.name === name)
const title = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`

/** Objects whose pods a selector picks. */
const picked = (objects: KubeObject[], selector: Record<string, string>): ReturnType<typeof podsOf> =>
  podsOf(objects).filter(({ labels }) => Object.entries(selector).every(([key, value]) => labels[key] === value))

function services(objects: KubeObject[]): string[] {
  return of(objects, 'Service').flatMap(service => {
    const pods = picked(objects, service.spec.selector)
    const ports = new Set(pods.flatMap(({ spec }) => spec.containers).flatMap(({ ports = [] }) => ports.map(portName)))
    const lost = (service.spec.ports as { targetPort: string }[]).filter(({ targetPort }) => !ports.has(targetPort))
    if (pods.length === 0) return [`${title(service)}: selects no pod`]
    return lost.map(({ targetPort }) => `${title(service)}: its pods have no port ${targetPort}`)
  })
}

const portName = ({ name }: { name: string }): string => name

/** A budget that lets no pod go keeps a node from being drained. */
function budgets(objects: KubeObject[]): string[] {
  return of(objects, 'PodDisruptionBudget').flatMap(budget => {
    const { maxUnavailable, minAvailable, selector } = budget.spec
    if (picked(objects, selector.matchLabels).length === 0) return [`${title(budget)}: selects no pod`]
    const blocks = minAvailable !== undefined || /^0%?$/.test(String(maxUnavailable))
    return blocks ? [`${title(budget)}: may keep a node from being drained`] : []
  })
}

/** Whoever changes the number of pods is the only one who says it. */
function scalers(objects: KubeObject[]): string[] {
  return of(objects, 'HorizontalPodAutoscaler', 'ScaledObject').flatMap(scaler => {
    const target = named(objects, 'Deployment', scaler.spec.scaleTargetRef.name)
    if (!target) return [`${title(scaler)}: there is no Deployment ${scaler.spec.scaleTargetRef.name}`]
    return target.spec.replicas === undefined ? [] : [`${title(target)}: its number of pods is also ${title(scaler)}'s`]
  })
}

/** What a pod mounts of this release is there. Secrets, claims and what is named otherwise are the operator's. */
function mounts(objects: KubeObject[]): string[] {
  return podsOf(objects).flatMap(pod => {
    const volumes: { name: string; configMap?: { name: string } }[] = pod.spec.volumes ?? []
    const ours = (pod.spec.serviceAccountName ?? '').replace(/-[^-]*$/, '')
    const names = new Set([...volumes, ...claimsOf(objects, pod.title)].map(({ name }) => name))
    const containers: { name: string; volumeMounts?: { name: string }[] }[] = [
      ...(pod.spec.initContainers ?? []),
      ...pod.spec.containers,
    ]
    return [
      ...volumes.flatMap(({ configMap }) =>
        configMap?.name.startsWith(`${ours}-`) && !named(objects, 'ConfigMap', configMap.name)
          ? [`${pod.title}: there is no ConfigMap ${configMap.name}`]
          : [],
      ),
      ...containers.flatMap(({ name, volumeMounts = [] }) =>
        volumeMounts
          .filter(mount => !names.has(mount.name))
          .map(mount => `${pod.title}: ${name} mounts ${mount.name}, which is no volume`),
      ),
    ]
  })
}

const claimsOf = (objects: KubeObject[], podTitle: string): { name: string }[] =>
  (objects.find(object => title(object) === podTitle)?.spec.volumeClaimTemplates ?? []).map(
    ({ metadata }: KubeObject) => ({ name: metadata.name }),
  )

function accounts(objects: KubeObject[]): string[] {
  return podsOf(objects).flatMap(({ title, spec }) =>
    spec.serviceAccountName && !named(objects, 'ServiceAccount', spec.serviceAccountName)
      ? [`${title}: there is no ServiceAccount ${spec.serviceAccountName}`]
      : [],
  )
}
