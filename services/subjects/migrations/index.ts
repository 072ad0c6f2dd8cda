import { subjects } from './001-subjects.ts'
import { rules } from './002-rules.ts'
import { ledger } from './003-ledger.ts'
import { withdrawals } from './004-withdrawals.ts'
import { refusedLines } from './005-refused-lines.ts'
import { auditEntries } from './006-audit-entries.ts'
import { waysIn } from './007-ways-in.ts'

export const migrations = [subjects, rules, ledger, withdrawals, refusedLines, auditEntries, waysIn]
