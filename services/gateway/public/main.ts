import { run } from '@coverslip/platform/run.ts'
import { publicGateway } from './module.ts'

await run([publicGateway])
