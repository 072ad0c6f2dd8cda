import { run } from '@coverslip/platform/run.ts'
import { access } from './module.ts'

await run([access])
