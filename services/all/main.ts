import { run } from '@coverslip/platform/run.ts'
import { firstSlides } from './first-slides.ts'
import { modules } from './modules.ts'
import { terminalSettings, welcome } from './terminal.ts'

const settings = await terminalSettings(process.env)
const system = await run(modules, { environment: settings.environment })
await welcome(system, settings, process.stdout)
await firstSlides(system, settings, process.argv.slice(2), process.stdout)
