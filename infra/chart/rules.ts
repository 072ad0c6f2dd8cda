/** What must hold of every object that the chart renders, whatever the values. */

export interface KubeObject {
  kind: string
  apiVersion: string
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> }
  // biome-ignore lint/suspicious/noExplicitAny: of another shape for each kind
  spec?: any
}

interface PodOf {
  title: string
  labels: Record<string, string>
  // biome-ignore lint/suspicious/noExplicitAny: Kubernetes' own types are not at hand
  spec: any
  /** Whether it runs for as long as the release does. */
  stays: boolean
}

const STAYING = ['Deployment', 'StatefulSet', 'DaemonSet']

/** The pods that objects make, from their templates. */
export function podsOf(objects: KubeObject[]): PodOf[] {
  return objects.flatMap(({ kind, metadata, spec }) => {
    const title = `${kind} ${metadata.name}`
    if (kind === 'Pod') return [{ title, labels: metadata.labels ?? {}, spec, stays: false }]
    if (!spec?.template?.spec) return []
    const labels = spec.template.metadata?.labels ?? {}
    return [{ title, labels, spec: spec.template.spec, stays: STAYING.includes(kind) }]
  })
}

const selects = (selector: Record<string, string> = {}, labels: Record<string, string>): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value)

/** One sentence for each thing that is not as it must be. */
export function problemsOf(objects: KubeObject[]): string[] {
  return podsOf(objects).flatMap(pod => [
    ...withoutPolicy(pod, objects),
    ...insecure(pod),
    ...(pod.stays ? unlooked(pod) : []),
  ])
}

/** Both directions are closed but for what a policy opens. */
function withoutPolicy({ title, labels }: PodOf, objects: KubeObject[]): string[] {
  const policies = objects.filter(
    ({ kind, spec }) => kind === 'NetworkPolicy' && selects(spec.podSelector.matchLabels, labels),
  )
  return ['Ingress', 'Egress']
    .filter(direction => !policies.some(({ spec }) => spec.policyTypes.includes(direction)))
    .map(direction => `${title}: no NetworkPolicy covers its ${direction}`)
}

function insecure({ title, spec }: PodOf): string[] {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  const wrong = (what: string, holds: boolean): string[] => (holds ? [] : [`${title}: ${what}`])
  return [
    ...wrong('has the token of a service account', spec.automountServiceAccountToken === false),
    ...wrong('may run as root', spec.securityContext?.runAsNonRoot === true),
    ...wrong('has no seccomp profile', spec.securityContext?.seccompProfile?.type === 'RuntimeDefault'),
    ...wrong('shares a namespace of its node', !spec.hostNetwork && !spec.hostPID && !spec.hostIPC),
    ...wrong('mounts a folder of its node', !(spec.volumes ?? []).some((one: object) => 'hostPath' in one)),
    ...containers.flatMap(({ name, securityContext, resources, env = [] }) => {
      const of = (what: string, holds: boolean): string[] => wrong(`${name} ${what}`, holds)
      return [
        ...of('may write to its root', securityContext?.readOnlyRootFilesystem === true),
        ...of('may gain rights', securityContext?.allowPrivilegeEscalation === false),
        ...of('keeps capabilities', securityContext?.capabilities?.drop?.includes('ALL') === true),
        ...of('runs as root', securityContext?.runAsUser !== 0),
        ...of('has no limit of memory', resources?.limits?.memory !== undefined),
        ...of('requests no processor time', resources?.requests?.cpu !== undefined),
        ...of('has no limit of storage', resources?.limits?.['ephemeral-storage'] !== undefined),
        ...of(
          'has a secret in its environment',
          env.every((one: { name: string; value?: string }) => !/:\/\/[^/]*:[^/]*@|BEGIN/.test(one.value ?? '')),
        ),
      ]
    }),
  ]
}

/** Whether a kubelet looks after it, and asks different things when it does. */
function unlooked({ title, spec }: PodOf): string[] {
  return spec.containers.flatMap((container: Record<string, unknown> & { name: string }) => {
    const { name, readinessProbe, livenessProbe } = container
    if (!readinessProbe) return [`${title}: ${name} has no readiness probe`]
    const asks = ({ httpGet, tcpSocket }: Record<string, unknown> = {}): string => JSON.stringify([httpGet, tcpSocket])
    const same = livenessProbe !== undefined && asks(livenessProbe as never) === asks(readinessProbe as never)
    return same ? [`${title}: ${name} is asked the same whether it lives and whether it is ready`] : []
  })
}

/** Who may reach whom, a line an edge: what a reviewer reads, and what changes when the flow does. */
export function edgesOf(objects: KubeObject[]): string[] {
  const lines = objects
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .flatMap(({ metadata, spec }) => {
      const self = spec.podSelector.matchLabels['app.kubernetes.io/component'] ?? metadata.name.replace(/^.*-/, '')
      return [
        ...(spec.ingress ?? []).flatMap((rule: Rule) =>
          peersOf(rule.from).map(peer => `${peer} -> ${self} ${ports(rule)}`),
        ),
        ...(spec.egress ?? []).flatMap((rule: Rule) =>
          peersOf(rule.to).map(peer => `${self} => ${peer} ${ports(rule)}`),
        ),
      ]
    })
  return [...new Set(lines)].sort()
}

interface Peer {
  podSelector?: { matchLabels?: Record<string, string> }
  namespaceSelector?: { matchLabels?: Record<string, string> }
  ipBlock?: { cidr: string }
}
interface Rule {
  from?: Peer[]
  to?: Peer[]
  ports?: { port: string | number; protocol?: string }[]
}

const ports = ({ ports: list }: Rule): string =>
  list ? list.map(({ port, protocol }) => (protocol === 'UDP' ? `${port}/udp` : port)).join(' ') : 'every port'

function peersOf(peers: Peer[] | undefined): string[] {
  if (!peers) return ['anybody']
  return peers.map(({ podSelector, namespaceSelector, ipBlock }) => {
    if (ipBlock) return ipBlock.cidr
    const names = [namespaceSelector, podSelector].flatMap(one => Object.entries(one?.matchLabels ?? {}))
    const component = names.find(([key]) => key === 'app.kubernetes.io/component')
    return component ? component[1] : names.map(([key, value]) => `${key}=${value}`).join(',')
  })
}

/** The golden text of a rendering: its objects, then its edges. */
export function goldenOf(objects: KubeObject[]): string {
  const named = objects.map(({ kind, metadata, spec }) => {
    const replicas = spec?.replicas === undefined ? '' : ` x${spec.replicas}`
    return `${kind} ${metadata.name}${replicas}`
  })
  return `${[...named.sort(), '', ...edgesOf(objects)].join('\n')}\n`
}
