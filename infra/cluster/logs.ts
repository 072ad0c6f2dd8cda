/** The logs of all containers of a release, kept in files as they are written: those of pods that are killed too. */
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from './api.ts'

export interface Logs {
  /** A file for each container that ran. */
  files(): string[]
  stop(): Promise<void>
}

export function keepLogs(api: Api, namespace: string, folder: string): Logs {
  const ending = new AbortController()
  const files = new Map<string, string>()
  /** Those that are followed, and those that have said all that they will. */
  const known = new Set<string>()

  /** What is said while the rest is fetched is told after it: a line may then be there twice, and none is missing. */
  async function keep(key: string, pod: string, container: string, running: boolean): Promise<void> {
    const file = join(folder, `${key}.log`)
    const out = createWriteStream(file, { flags: 'a' })
    files.set(key, file)
    try {
      const heard: Uint8Array[] = []
      let take = (bytes: Uint8Array): unknown => heard.push(bytes)
      const hear = () => api.attach(namespace, pod, container, bytes => take(bytes), ending.signal)
      const ended = running ? (await hear()).ended : undefined
      out.write(await api.log(namespace, pod, container).catch(() => ''))
      for (const bytes of heard) out.write(bytes)
      take = bytes => out.write(bytes)
      await ended
    } finally {
      out.end()
    }
  }

  async function look(): Promise<void> {
    for (const { metadata, status } of await api.pods(namespace)) {
      for (const { name, restartCount, state } of status.containerStatuses ?? []) {
        const key = `${metadata.name}-${name}-${metadata.uid.slice(0, 8)}-${restartCount}`
        if (known.has(key) || 'waiting' in state) continue
        known.add(key)
        const running = 'running' in state
        // A pod that went in between has nothing to say any more; of one that runs the connection may break.
        void keep(key, metadata.name, name, running)
          .catch(() => {})
          .then(() => running && known.delete(key))
      }
    }
  }

  const looking = (async () => {
    while (!ending.signal.aborted) {
      await look().catch(() => {})
      await sleep(500, undefined, { signal: ending.signal }).catch(() => {})
    }
  })()
  return {
    files: () => [...files.values()],
    async stop() {
      ending.abort()
      await looking
    },
  }
}
