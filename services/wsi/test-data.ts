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
