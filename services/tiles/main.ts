import { runWorkers } from '@coverslip/platform/workers.ts'
import { tiles } from './module.ts'

await runWorkers(tiles, 'TILES_WORKERS', process.env)
