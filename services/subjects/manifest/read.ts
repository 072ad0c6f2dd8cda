/** Reads a manifest: CSV (RFC 4180) in UTF-8. What is wrong is listed line by line; the rest is taken. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import { plainName } from '../names.ts'
import type { Vocabulary } from '../vocabularies/vocabulary.ts'
import { COLUMNS, type ColumnRule, columnOf, holdsRegistrationNumber, namesRegistrationNumber } from './columns.ts'
import { type CsvRecord, readCsv } from './csv.ts'
import type { ManifestLine } from './line.ts'

/** A line that was not taken. The reason names columns and quotes no value. */
export interface Refused {
  line: number
  reason: string
}
/** `file`: as the line names it, when that could be read: its slide must not go on without what the line was to say. */
export interface RefusedLine extends Refused {
  file?: string
}
export interface Read {
  lines: { line: number; said: ManifestLine }[]
  refused: RefusedLine[]
}

type Column = keyof ManifestLine

/** @throws ServiceError `invalid` when it cannot be read as a table at all, or a column is not known */
export function readManifest(
  bytes: Buffer,
  { maxLines, vocabulary }: { maxLines: number; vocabulary: Vocabulary },
): Read {
  const refused: RefusedLine[] = []
  const [heading, ...records] = parseCsv(decode(bytes), maxLines)
  if (!heading) throw new ServiceError('invalid', 'The manifest is empty; its first line names the columns')
  const columns = readHeading(heading.cells)
  const readCell = cellReader(vocabulary)
  const lines = records.flatMap(({ line, cells, stray }) => {
    const read = stray ? { reason: 'its quotes do not match' } : readRecord(columns, cells, readCell, vocabulary)
    if ('reason' in read) refused.push({ line, reason: read.reason, ...fileOf(columns, cells) })
    return 'reason' in read ? [] : [{ line, said: read.said }]
  })
  const agreeing = lines.filter(disagreement(refused))
  return { lines: agreeing, refused: refused.sort((a, b) => a.line - b.line) }
}

const fileOf = (columns: readonly Column[], record: readonly string[]): Pick<RefusedLine, 'file'> => {
  const file = record[columns.indexOf('file')]
  return file ? { file } : {}
}

function decode(bytes: Buffer): string {
  try {
    // The mark at the beginning, which spreadsheets write, is dropped.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ServiceError('invalid', 'The manifest is not UTF-8; save it as "CSV UTF-8"', { cause })
  }
}

/** Of what is wrong with a table as a whole this much is named. */
const MAX_DETAILS = 30

/** Where a quote is open nobody can tell which of the lines after it are lines: nothing is taken. */
function parseCsv(text: string, maxLines: number): CsvRecord[] {
  const { records, breaks } = readCsv(text, maxLines + 2)
  const [heading] = records
  if (heading?.stray) breaks.unshift({ line: heading.line, reason: 'the quotes of the headings do not match' })
  if (breaks.length > 0) {
    const details = breaks.slice(0, MAX_DETAILS).map(({ line, reason }) => `line ${line}: ${reason}`)
    throw new ServiceError('invalid', 'The manifest cannot be read as a table; nothing of it was taken', { details })
  }
  if (records.length > maxLines + 1) {
    throw new ServiceError('too-large', `A manifest has at most ${maxLines} lines; send it in parts`)
  }
  return records
}

function readHeading(headings: readonly string[]): Column[] {
  // A first line without any column's name is no heading: its cells name subjects and are not repeated.
  if (!headings.some(heading => columnOf(heading) || namesRegistrationNumber(heading))) {
    throw new ServiceError('invalid', 'The first line of the manifest names none of its columns')
  }
  const details = headings.flatMap(heading => {
    if (namesRegistrationNumber(heading)) return [`column "${heading}": no registration number is stored; remove it`]
    return columnOf(heading) ? [] : [`column "${heading}" is not known`]
  })
  const columns = headings.map(heading => columnOf(heading)!)
  const twice = columns.find((column, i) => column !== undefined && columns.indexOf(column) !== i)
  if (twice) details.push(`column "${COLUMNS[twice].header}" comes twice`)
  if (!columns.includes('file')) details.push('column "file" is missing')
  if (details.length > 0)
    throw new ServiceError('invalid', "The manifest's columns are wrong", { details: details.slice(0, MAX_DETAILS) })
  return columns
}

function readRecord(
  columns: readonly Column[],
  record: readonly string[],
  readCell: CellReader,
  vocabulary: Vocabulary,
): { said: ManifestLine } | { reason: string } {
  if (record.length > columns.length) return { reason: 'it has more cells than there are columns' }
  const cells = new Map(columns.map((column, i) => [column, record[i] ?? '']))
  const said: Record<string, unknown> = {}
  const reasons: string[] = []
  for (const [column, rule] of Object.entries(COLUMNS)) {
    const read = readCell(column as Column, cells.get(column as Column) ?? '')
    if ('reason' in read) reasons.push(`${rule.header}: ${read.reason}`)
    else said[column] = read.value
  }
  if (reasons.length > 0) return { reason: reasons.join('; ') }
  return complete(said as unknown as ManifestLine, vocabulary)
}

type CellReader = (column: Column, cell: string) => { value: unknown } | { reason: string }

/** Most cells of most manifests are empty, and mean the same in every line. */
function cellReader(vocabulary: Vocabulary): CellReader {
  const empty = new Map(
    Object.entries(COLUMNS).map(([column, rule]) => [column as Column, readText(rule, '', vocabulary)] as const),
  )
  return (column, cell) => (cell === '' ? empty.get(column)! : readText(COLUMNS[column], cell, vocabulary))
}

function readText(
  { type, codes }: ColumnRule,
  cell: string,
  vocabulary: Vocabulary,
): { value: unknown } | { reason: string } {
  if (holdsRegistrationNumber(cell)) return { reason: 'no registration number is stored' }
  const parsed = type.safeParse(cell)
  if (!parsed.success) return { reason: parsed.error.issues[0]!.message }
  const isCode = !codes || parsed.data === '' || Object.hasOwn(vocabulary[codes], String(parsed.data))
  return isCode ? { value: parsed.data } : { reason: 'expected a code of the vocabulary' }
}

const PIECES = ['subject', 'case', 'specimen', 'block', 'glass'] as const
/** What is said of the subject, and so must be the same in each of its lines. */
const STATED = ['consentVersion', 'consentDate', 'consentScope', 'international', 'commercial', 'vitalStatus'] as const

function complete(said: ManifestLine, vocabulary: Vocabulary): { said: ManifestLine } | { reason: string } {
  const about = [...PIECES.slice(1), ...STATED].filter(column => said[column] !== '' && said[column] !== null)
  if (said.subject === '' && about.length > 0) {
    return { reason: `it says ${about.map(column => COLUMNS[column].header).join(', ')}, but of no subject` }
  }
  if ((said.vitalStatus === null) !== (said.vitalStatusBroker === null)) {
    return { reason: 'vital_status and vital_status_broker belong together' }
  }
  return { said: { ...said, technique: said.technique || techniqueOf(said.stain, vocabulary) } }
}

/** The technique that a stain implies. */
function techniqueOf(stain: string, { techniques }: Vocabulary): ManifestLine['technique'] {
  const found = Object.entries(techniques).find(([, stains]) => stains.includes(stain))
  return (found?.[0] ?? '') as ManifestLine['technique']
}

/** Keeps the first line of a file, and of a subject those that say the same of their consent as the lines before. */
function disagreement(refused: RefusedLine[]): (line: Read['lines'][number]) => boolean {
  const files = new Map<string, { line: number; said: string }>()
  const stated = new Map<string, string>()
  return ({ line, said }) => {
    const file = plainName(said.file)
    const statements = STATED.filter(column => said.subject !== '' && said[column] !== null).map(
      column => [column, `${column} ${said.subject}`, JSON.stringify(said[column])] as const,
    )
    const other = statements.find(([_, of, value]) => (stated.get(of) ?? value) !== value)?.[0]
    const first = files.get(file)
    const reason = first
      ? `it names the same file as line ${first.line}`
      : other && `${COLUMNS[other].header}: it differs from an earlier line of the same subject`
    if (reason) {
      // The same said twice leaves nothing open.
      refused.push({ line, reason, ...(first?.said === saidOf(said) ? {} : { file: said.file }) })
      return false
    }
    files.set(file, { line, said: saidOf(said) })
    for (const [, of, value] of statements) stated.set(of, value)
    return true
  }
}

/** All that a line says of its file. */
const saidOf = (said: ManifestLine): string => JSON.stringify({ ...said, file: '' })
