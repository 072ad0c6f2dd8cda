import { subjects } from './001-subjects.ts'

export const migrations = [subjects]
