import { run } from '@coverslip/platform/run.ts'
import { ingest } from './module.ts'

await run([ingest])
