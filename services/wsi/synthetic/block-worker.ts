import { parentPort, workerData } from 'node:worker_threads'
import { serve } from '../threads.ts'
import { type BlockSettings, createBlockMaker } from './block.ts'
import { createCoder } from './coder.ts'
import { createRunCoder } from './ndpi-runs.ts'

const settings = workerData as BlockSettings
const make = createBlockMaker(settings, (settings.runs ? createRunCoder : createCoder)(settings.coder))

serve<[number, number]>(([column, row]) => {
  parentPort?.postMessage(make(column, row))
})
