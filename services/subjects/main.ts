import { run } from '@coverslip/platform/run.ts'
import { subjects } from './module.ts'

await run([subjects])
