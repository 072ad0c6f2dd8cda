import { ServiceError } from '@coverslip/platform/errors.ts'
import { defineModule } from '@coverslip/platform/module.ts'
import { SubjectsServiceDefinition } from '@coverslip/proto/gen/subjects/v1/subjects.ts'
import { startArrivals } from './arrivals/arrivals.ts'
import { config } from './config.ts'
import { startHousekeeping } from './housekeeping.ts'
import { openKeyedHash } from './keyed-hash.ts'
import { migrations } from './migrations/index.ts'
import { objects } from './module-deps.ts'
import { createRpc } from './rpc.ts'
import { consumers, followers } from './standing.ts'
import type { Tables } from './store.ts'
import { createLeaseLocker } from './uploads/lease-locker.ts'
import { openUploadStore } from './uploads/upload-store.ts'
import { uploadRoutes } from './uploads/uploads.ts'
import { listWatched } from './watched/list.ts'
import { startWatching } from './watched/watcher.ts'

export const ingest = defineModule<Tables, typeof config, typeof objects>({
  name: 'ingest',
  config,
  migrations,
  objects,
  async start(deps) {
    const store = await openUploadStore(deps.objects.source)
    const hash = await openKeyedHash(deps.config)
    const subjects = deps.rpc('subjects', SubjectsServiceDefinition)
    const arriving = { deps, store, hash, subjects }
    const arrivals = startArrivals(arriving)
    const housekeeping = startHousekeeping(deps, store, arrivals.wake)
    const watching = startWatching(arriving, arrivals.wake)
    return {
      rpc: createRpc(deps),
      routes: {
        'GET /api/intake/watch': async call => {
          const projects = call.projects()
          if (projects.length === 0) throw new ServiceError('forbidden', 'Your role does not allow this')
          return { body: await listWatched(deps, hash, projects) }
        },
      },
      raw: uploadRoutes(arriving, createLeaseLocker(deps.db), arrivals.wake),
      consumers: consumers(deps, store, arrivals.wake),
      followers: followers(deps),
      stop: async () => {
        await watching.stop()
        await arrivals.stop()
        await housekeeping.stop()
      },
    }
  },
})
