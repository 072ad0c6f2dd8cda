import { defineModule } from '@coverslip/platform/module.ts'
import { config } from './config.ts'
import { objects, onDeidentified, onDeleted } from './deidentified.ts'
import { pyramids } from './migrations/001-pyramids.ts'
import { createRpc } from './rpc.ts'
import type { Tables } from './store.ts'

export const pyramid = defineModule<Tables, typeof config, typeof objects>({
  name: 'pyramid',
  config,
  migrations: [pyramids],
  objects,
  start: async deps => ({
    rpc: createRpc(deps),
    consumers: { 'slides.deidentified': onDeidentified(deps), 'slides.deleted': onDeleted(deps) },
  }),
})
