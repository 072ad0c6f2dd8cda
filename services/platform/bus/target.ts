import { openDatabase } from '../db/index.ts'
import { openBus } from './index.ts'
import type { Bus } from './port.ts'

/** The URLs of one bus; apart from the suites, since a process without vitest opens it as well. */
export interface Target {
  bus: string
  /** For an embedded bus. */
  database?: string
}

export async function openTarget(target: Target): Promise<{ bus: Bus; close(): Promise<void> }> {
  const database = target.database === undefined ? undefined : await openDatabase(target.database)
  const bus = await openBus(target.bus, { database })
  return {
    bus,
    async close() {
      await bus.close()
      await database?.close()
    },
  }
}
