/** The tables of tiles, step by step. */
import type { Migration } from '@coverslip/platform/db/port.ts'
import { slides } from './001-slides.ts'
import { renditions } from './002-renditions.ts'
import { stage } from './004-stage.ts'
import { usage } from './004-usage.ts'
import { overlays } from './005-overlays.ts'
import { releaseNames } from './006-release-names.ts'

export const migrations: Migration[] = [slides, renditions, stage, usage, overlays, releaseNames]
