import { run } from '@coverslip/platform/run.ts'
import { catalog } from './module.ts'

await run([catalog])
