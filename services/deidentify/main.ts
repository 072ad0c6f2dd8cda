import { run } from '@coverslip/platform/run.ts'
import { deidentify } from './module.ts'

await run([deidentify])
