/** The API server over plain HTTP, by way of `kubectl proxy`: asking by a program each time would cost a tenth of a second of a core. */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
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
  /**
   * The log of a pod's container as it grows, each line after its time; ends with the container, and after some seconds
   * of silence: a stream that says nothing for minutes is not told when there is something again (seen with Kubernetes 1.33).
   * @param since tells what was written from the second of this time on
   */
  follow(
    namespace: string,
    pod: string,
    container: string,
    since: string | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage>
  scale(namespace: string, kind: 'deployments' | 'statefulsets', name: string, replicas: number): Promise<void>
  stop(): Promise<void>
}

const SILENCE_MS = 5000

export const isReady = ({ metadata, status }: Pod): boolean =>
  !metadata.deletionTimestamp &&
  (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')

export async function openApi(): Promise<Api> {
  const proxy = await startServer({
    title: 'kubectl proxy',
    url: port => `http://127.0.0.1:${port}`,
    command: port => ({ file: 'kubectl', args: ['proxy', `--port=${port}`], env: clusterEnvironment() }),
    probe: async port => void (await fetch(`http://127.0.0.1:${port}/readyz`)),
    signal: 'SIGTERM',
  })
  const ask: Api['ask'] = async <Answer>(path: string, init?: RequestInit) => {
    const answer = await fetch(`${proxy.url}${path}`, init)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${init?.method ?? 'GET'} ${path}: ${answer.status} ${text.slice(0, 300)}`)
    return (text.startsWith('{') ? JSON.parse(text) : text) as Answer
  }
  return {
    ask,
    async pods(namespace, labels = {}) {
      const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
      const query = new URLSearchParams({ labelSelector: selector.join(',') })
      return (await ask<{ items: Pod[] }>(`/api/v1/namespaces/${namespace}/pods?${query}`)).items
    },
    async follow(namespace, pod, container, since, signal) {
      const from: Record<string, string> = since ? { sinceTime: since } : {}
      const query = new URLSearchParams({ container, follow: 'true', timestamps: 'true', ...from })
      const url = `${proxy.url}/api/v1/namespaces/${namespace}/pods/${pod}/log?${query}`
      const asked = get(url, { signal, timeout: SILENCE_MS })
      asked.on('timeout', () => asked.destroy())
      const [answer] = (await once(asked, 'response')) as [IncomingMessage]
      if (answer.statusCode !== 200) throw new Error(`log of ${pod}: ${answer.statusCode}`)
      return answer
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
