import { subjects } from './001-subjects.ts'
import { rules } from './002-rules.ts'

export const migrations = [subjects, rules]
