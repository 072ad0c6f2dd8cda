/** The API server over plain HTTP, by way of `kubectl proxy`: asking by a program each time would cost a tenth of a second of a core. */
import { once } from 'node:events'
import { startServer } from '@coverslip/platform/testing/process.ts'
import { clusterEnvironment } from './tool.ts'

export interface Pod {
  metadata: {
    name: string
    uid: string
    labels: Record<string, string>
    creationTimestamp: string
    deletionTimestamp?: string
  }
  spec: { nodeName?: string; containers: { name: string }[] }
  status: {
    phase: string
    podIP?: string
    conditions?: { type: string; status: string }[]
    containerStatuses?: { name: string; restartCount: number; ready: boolean; state: Record<string, object> }[]
  }
}

export interface Api {
  /** @throws Error with the status and the answer when it is not 2xx */
  ask<Answer = unknown>(path: string, init?: RequestInit): Promise<Answer>
  pods(namespace: string, labels?: Record<string, string>): Promise<Pod[]>
  /** What a container has said, as far as its node still has the file. */
  log(namespace: string, pod: string, container: string): Promise<string>
  /**
   * What a container says from now on, from the process itself: files of logs come and go (where two nodes are one machine,
   * each kubelet removes those of the other every minute), and whoever follows one is not told.
   * @returns `ended` when the container does
   */
  attach(
    namespace: string,
    pod: string,
    container: string,
    take: (bytes: Uint8Array) => void,
    signal: AbortSignal,
  ): Promise<{ ended: Promise<void> }>
  scale(namespace: string, kind: 'deployments' | 'statefulsets', name: string, replicas: number): Promise<void>
  stop(): Promise<void>
}

/** What is refused by default, but for `attach`. */
const REJECT = '--reject-paths=^/api/.*/pods/.*/exec'
/** The first byte of what `attach` tells. */
const [STDOUT, STDERR] = [1, 2]

export const isReady = ({ metadata, status }: Pod): boolean =>
  !metadata.deletionTimestamp &&
  (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')

export async function openApi(): Promise<Api> {
  const proxy = await startServer({
    title: 'kubectl proxy',
    url: port => `http://127.0.0.1:${port}`,
    command: port => ({ file: 'kubectl', args: ['proxy', `--port=${port}`, REJECT], env: clusterEnvironment() }),
    probe: async port => void (await fetch(`http://127.0.0.1:${port}/readyz`)),
    signal: 'SIGTERM',
  })
  async function text(path: string, init?: RequestInit): Promise<string> {
    const answer = await fetch(`${proxy.url}${path}`, init)
    const said = await answer.text()
    if (!answer.ok) throw new Error(`${init?.method ?? 'GET'} ${path}: ${answer.status} ${said.slice(0, 300)}`)
    return said
  }
  const ask: Api['ask'] = async <Answer>(path: string, init?: RequestInit) => {
    const said = await text(path, init)
    return (said.startsWith('{') ? JSON.parse(said) : said) as Answer
  }
  return {
    ask,
    async pods(namespace, labels = {}) {
      const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
      const query = new URLSearchParams({ labelSelector: selector.join(',') })
      return (await ask<{ items: Pod[] }>(`/api/v1/namespaces/${namespace}/pods?${query}`)).items
    },
    log: (namespace, pod, container) =>
      text(`/api/v1/namespaces/${namespace}/pods/${pod}/log?${new URLSearchParams({ container })}`),
    async attach(namespace, pod, container, take, signal) {
      const query = new URLSearchParams({ container, stdout: 'true', stderr: 'true' })
      const url = `${proxy.url.replace('http', 'ws')}/api/v1/namespaces/${namespace}/pods/${pod}/attach?${query}`
      const socket = new WebSocket(url, 'v4.channel.k8s.io')
      socket.binaryType = 'arraybuffer'
      const ended = new Promise<void>(resolve => {
        socket.addEventListener('close', () => resolve())
        // A close follows.
        socket.addEventListener('error', () => {})
      })
      socket.addEventListener('message', ({ data }) => {
        const [channel] = new Uint8Array(data as ArrayBuffer, 0, 1)
        if (channel === STDOUT || channel === STDERR) take(new Uint8Array(data as ArrayBuffer, 1))
      })
      signal.addEventListener('abort', () => socket.close())
      await Promise.race([once(socket, 'open'), ended])
      return { ended }
    },
    async scale(namespace, kind, name, replicas) {
      await ask(`/apis/apps/v1/namespaces/${namespace}/${kind}/${name}/scale`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: JSON.stringify({ spec: { replicas } }),
      })
    },
    stop: () => proxy.stop(),
  }
}
