import { parentPort, workerData } from 'node:worker_threads'
import { serve } from '../threads.ts'
import { encodeRgb } from '../turbojpeg.ts'
import { createPhotoMaker, type PhotoSettings } from './mirax-photo.ts'

const settings = workerData as PhotoSettings
const { quality } = settings
const make = createPhotoMaker(settings, (rgb, width, height) => encodeRgb(rgb, width, height, { quality }))

serve<[number, number]>(([column, row]) => {
  parentPort?.postMessage(make(column, row))
})
