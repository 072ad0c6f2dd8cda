import { slides } from './001-slides.ts'
import { review } from './002-review.ts'
import { annotationFiles } from './003-annotation-files.ts'
import { auditEntries } from './004-audit-entries.ts'
import { looks } from './005-looks.ts'

export const migrations = [slides, review, annotationFiles, auditEntries, looks]
