/** How many pods of a service there are, and what they use, every few seconds. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Api, isReady } from './api.ts'
import type { Release } from './release.ts'

const EVERY_MS = 3000

export interface Sample {
  /** Pods that are ready. */
  pods: number
  /** Cores that all of them use, as the metrics server has it: a mean of about 15 s, 0 while it knows nothing. */
  cores: number
}

export interface Crew {
  readonly seen: Sample[]
  /** Waits until so many pods are ready. @throws Error after `seconds` */
  until(pods: number, seconds: number): Promise<void>
  stop(): void
}

export const mostOf = (seen: readonly Sample[]): number => Math.max(0, ...seen.map(({ pods }) => pods))

export function watchCrew(api: Api, { namespace }: Pick<Release, 'namespace'>, component: string): Crew {
  const ending = new AbortController()
  const seen: Sample[] = []
  const labels = { 'app.kubernetes.io/component': component }

  async function look(): Promise<Sample> {
    const [pods, cores] = await Promise.all([api.pods(namespace, labels), coresOf(api, namespace, component)])
    return { pods: pods.filter(isReady).length, cores }
  }

  void (async () => {
    while (!ending.signal.aborted) {
      await look().then(
        sample => seen.push(sample),
        () => {},
      )
      await sleep(EVERY_MS, undefined, { signal: ending.signal }).catch(() => {})
    }
  })()
  return {
    seen,
    async until(pods, seconds) {
      const deadline = Date.now() + seconds * 1000
      while (seen.at(-1)?.pods !== pods) {
        if (Date.now() > deadline)
          throw new Error(`${component}: ${seen.at(-1)?.pods} pods after ${seconds} s, not ${pods}`)
        await sleep(EVERY_MS)
      }
    },
    stop: () => ending.abort(),
  }
}

interface PodMetrics {
  items: { containers: { usage: { cpu: string } }[] }[]
}

async function coresOf(api: Api, namespace: string, component: string): Promise<number> {
  const selector = encodeURIComponent(`app.kubernetes.io/component=${component}`)
  const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods?labelSelector=${selector}`
  const { items } = await api.ask<PodMetrics>(path).catch(() => ({ items: [] }) as PodMetrics)
  return items.flatMap(({ containers }) => containers).reduce((sum, { usage }) => sum + cores(usage.cpu), 0)
}

/** Kubernetes' quantities of processor time: `250m` is a quarter of a core, `n` and `u` are billionths and millionths. */
export function cores(quantity: string): number {
  const units: Record<string, number> = { n: 1e-9, u: 1e-6, m: 1e-3 }
  const unit = units[quantity.at(-1)!]
  return unit === undefined ? Number(quantity) : Number(quantity.slice(0, -1)) * unit
}
