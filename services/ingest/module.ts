import { defineModule } from '@coverslip/platform/module.ts'
import { startArrivals } from './arrivals.ts'
import { config } from './config.ts'
import { startHousekeeping } from './housekeeping.ts'
import { createLeaseLocker } from './lease-locker.ts'
import { intake } from './migrations/001-intake.ts'
import { createRpc } from './rpc.ts'
import { consumers, followers } from './standing.ts'
import type { Tables } from './store.ts'
import { openUploadStore } from './upload-store.ts'
import { createUploads, objects } from './uploads.ts'

export const ingest = defineModule<Tables, typeof config, typeof objects>({
  name: 'ingest',
  config,
  migrations: [intake],
  objects,
  async start(deps) {
    const store = await openUploadStore(deps.objects.source)
    const arrivals = startArrivals(deps, store)
    const housekeeping = startHousekeeping(deps, store, arrivals.wake)
    return {
      rpc: createRpc(deps),
      raw: createUploads(deps, store, createLeaseLocker(deps.db), arrivals.wake).raw,
      consumers: consumers(deps, store),
      followers: followers(deps),
      stop: async () => {
        await arrivals.stop()
        await housekeeping.stop()
      },
    }
  },
})
