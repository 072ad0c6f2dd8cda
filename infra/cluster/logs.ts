/** The logs of all containers of a release, kept in files as they are written: those of pods that are killed too. */
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
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

  /** When what was kept last was written, by container: from there it goes on. */
  const until = new Map<string, string>()

  async function keep(key: string, pod: string, container: string): Promise<void> {
    const file = join(folder, `${key}.log`)
    const log = await api.follow(namespace, pod, container, until.get(key), ending.signal)
    files.set(key, file)
    const out = createWriteStream(file, { flags: 'a' })
    try {
      for await (const line of createInterface({ input: log })) {
        const [, time = '', text = ''] = /^(\S+) (.*)$/s.exec(line) ?? []
        // Asked for by the second: its first lines are there already.
        if (time <= (until.get(key) ?? '')) continue
        until.set(key, time)
        out.write(`${text}\n`)
      }
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
        const ended = 'terminated' in state
        // A pod that went in between has nothing to say any more; the log of one that runs may break off or fall silent.
        void keep(key, metadata.name, name)
          .catch(() => {})
          .then(() => ended || known.delete(key))
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
