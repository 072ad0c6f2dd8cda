import { intake } from './001-intake.ts'
import { arrivals } from './002-arrivals.ts'

export const migrations = [intake, arrivals]
