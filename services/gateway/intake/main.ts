import { run } from '@coverslip/platform/run.ts'
import { intakeGateway } from './module.ts'

await run([intakeGateway])
