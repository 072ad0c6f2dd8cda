import { parentPort, workerData } from 'node:worker_threads'
import { type BlockSettings, createBlockMaker } from './block.ts'
import { createCoder } from './coder.ts'

const settings = workerData as BlockSettings
const make = createBlockMaker(settings, createCoder(settings.coder))

parentPort?.on('message', ([column, row]: [number, number]) => {
  parentPort?.postMessage(make(column, row))
})
