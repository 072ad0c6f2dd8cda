import { defineModule } from '@coverslip/platform/module.ts'
import { onAssemblyWanted } from './assembly-wanted.ts'
import { config } from './config.ts'
import { onDeidentified, onDeleted } from './deidentified.ts'
import { objects } from './deps.ts'
import { pyramids } from './migrations/001-pyramids.ts'
import { builds } from './migrations/002-builds.ts'
import { workers } from './migrations/003-workers.ts'
import { onPartWanted } from './part-wanted.ts'
import { createRpc } from './rpc.ts'
import type { Tables } from './tables.ts'
import { openWorkshop } from './workshop.ts'

export const pyramid = defineModule<Tables, typeof config, typeof objects>({
  name: 'pyramid',
  config,
  migrations: [pyramids, builds, workers],
  objects,
  start: async deps => {
    const workshop = openWorkshop(deps)
    return {
      rpc: createRpc(deps),
      consumers: {
        'slides.deidentified': onDeidentified(deps, workshop),
        'pyramid.part_wanted': onPartWanted(deps, workshop),
        'pyramid.assembly_wanted': onAssemblyWanted(deps, workshop),
        'slides.deleted': onDeleted(deps, workshop),
      },
      // Each process may hold a copy of the original.
      followers: { 'slides.deleted': ({ slideId }) => workshop.forget(slideId) },
      stop: () => workshop.close(),
    }
  },
})
