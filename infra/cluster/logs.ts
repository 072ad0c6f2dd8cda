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

  async function keep(key: string, pod: string, container: string): Promise<void> {
    const file = join(folder, `${key}.log`)
    const log = await api.follow(namespace, pod, container, ending.signal)
    files.set(key, file)
    const out = createWriteStream(file)
    try {
      for await (const chunk of log) out.write(chunk)
    } finally {
      out.end()
    }
  }

  async function look(): Promise<void> {
    for (const { metadata, status } of await api.pods(namespace)) {
      for (const { name, restartCount, state } of status.containerStatuses ?? []) {
        const key = `${metadata.name}-${name}-${metadata.uid.slice(0, 8)}-${restartCount}`
        if (files.has(key) || 'waiting' in state) continue
        files.set(key, '')
        // A pod that went in between has nothing to say any more.
        keep(key, metadata.name, name).catch(() => {})
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
    files: () => [...files.values()].filter(file => file !== ''),
    async stop() {
      ending.abort()
      await looking
    },
  }
}
