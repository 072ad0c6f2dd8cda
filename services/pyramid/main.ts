import { run } from '@coverslip/platform/run.ts'
import { pyramid } from './module.ts'

await run([pyramid])
