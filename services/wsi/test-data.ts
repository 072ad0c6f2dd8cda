import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const shared = process.env.COVERSLIP_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url))
const folder = `${shared}/data`

/** Folder of the slides that tests read but the repository does not hold; null where it is missing. */
export const sharedData: string | null = existsSync(folder) ? folder : null

/** Path of one of those slides, by its path in the folder. */
export const sharedSlide = (path: string): string => `${folder}/${path}`

/** For titles of tests that need the folder. */
export const unlessMissing = sharedData ? '' : ' (skipped: ../shared/data is missing)'

/** The slides of the folder that can be opened. */
export const READABLE_SLIDES = [
  'svs/CMU-1-Small-Region.svs',
  'svs/small.svs',
  'svs/aperio-4k-rgb240-classic.svs',
  'svs/aperio-7k-copied.svs',
  'tiff/boxes.tiff',
  'tiff/CMU-1-small.tiff',
  'tiff/example-asap.tif',
  'tiff/generic-3k-512-classic.tiff',
  'tiff/kidney-48-5.tif',
  'ndpi/hamamatsu-6k.ndpi',
  'ndpi/test3-DAPI-2-(387).ndpi',
  'mrxs/mirax-3k-stitching.mrxs',
  'mrxs/mirax-6k-plain.mrxs',
]
