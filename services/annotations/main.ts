import { run } from '@coverslip/platform/run.ts'
import { annotations } from './module.ts'

await run([annotations])
