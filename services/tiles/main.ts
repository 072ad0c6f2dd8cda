import { run } from '@coverslip/platform/run.ts'
import { tiles } from './module.ts'

await run([tiles])
