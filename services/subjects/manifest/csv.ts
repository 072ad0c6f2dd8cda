/**
 * Comma-separated values (RFC 4180), line by line: no cell of a manifest holds a line break, so a quote that a line does
 * not close is a slip, and never takes the lines after it along.
 */

export interface CsvRecord {
  /** Counted from 1. */
  line: number
  /** Without the blanks around them. */
  cells: string[]
  /**
   * A quote inside of a cell that has none around it; `cells` are those before it. Nothing else on the line is in doubt.
   */
  stray: boolean
}

/** What leaves open where a cell ends: the lines after it cannot be told for sure. */
export interface Break {
  line: number
  reason: string
}

const MAX_LINE = 64 * 1024

/**
 * Empty lines and those whose every cell is empty are left out.
 * @param limit most records to read
 */
export function readCsv(text: string, limit: number): { records: CsvRecord[]; breaks: Break[] } {
  const [records, breaks]: [CsvRecord[], Break[]] = [[], []]
  let readLine: ReturnType<typeof lineReader> | undefined
  let line = 0
  for (const written of linesOf(text)) {
    if (records.length === limit || breaks.length === limit) break
    line += 1
    readLine ??= lineReader(written.includes(';') ? ';' : ',')
    if (written === '') continue
    // Such a line is not looked into: a quote that is open over megabytes is more than the expression can take.
    if (written.length > MAX_LINE) {
      breaks.push({ line, reason: `it is longer than ${MAX_LINE} characters` })
      continue
    }
    const { cells, trouble } = readLine(written)
    const reason = BREAKS[trouble ?? '']
    if (reason !== undefined) breaks.push({ line, reason })
    const stray = trouble === 'stray'
    if (stray || cells.some(cell => cell !== '')) records.push({ line, cells, stray })
  }
  return { records, breaks }
}

const [LF, CR] = [10, 13]

/** One after the other: a text of nothing but line breaks has millions of lines. */
function* linesOf(text: string): Generator<string> {
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code !== LF && code !== CR) continue
    yield text.slice(start, at)
    if (code === CR && text.charCodeAt(at + 1) === LF) at += 1
    start = at + 1
  }
  yield text.slice(start)
}

type Trouble = 'open' | 'closing' | 'stray'
const BREAKS: Record<string, string> = {
  open: 'a quote is opened that this line does not close',
  closing: 'a quote is closed in the middle of a cell',
}

/** The quotes of every cell are looked at, also behind a cell that is wrong: one of them may be open. */
function lineReader(delimiter: string): (line: string) => { cells: string[]; trouble: Trouble | undefined } {
  // A cell in quotes, of which the last one may be missing, then what stands before the next delimiter.
  const cell = new RegExp(`\\s*(?:"((?:[^"]|"")*)("?))?([^${delimiter}]*)(${delimiter}|$)`, 'y')
  return line => {
    const cells: string[] = []
    const troubles = new Set<Trouble>()
    cell.lastIndex = 0
    for (;;) {
      const [, quoted, closed, rest, end] = cell.exec(line) as unknown as [string, string?, string?, string?, string?]
      if (quoted !== undefined && closed === '') troubles.add('open')
      else if (quoted !== undefined && rest!.trim() !== '') troubles.add('closing')
      else if (rest!.includes('"')) troubles.add('stray')
      if (troubles.size === 0) cells.push(quoted?.replaceAll('""', '"') ?? rest!.trim())
      if (end === '') break
    }
    return { cells, trouble: (['open', 'closing', 'stray'] as const).find(one => troubles.has(one)) }
  }
}
