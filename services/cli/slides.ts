import { type IntakeSlide, intakeSlide, type Slide, slide } from '@coverslip/proto/api.ts'
import { z } from 'zod'
import type { Connection } from './connection.ts'
import { CliError } from './errors.ts'
import { read, slidePath } from './http.ts'

const page = z.object({ slides: z.array(slide), nextCursor: z.string().nullable() })

/** All slides that the caller may see, newest first, page by page. */
export async function* listSlides(connection: Connection, q?: string): AsyncGenerator<Slide> {
  let cursor: string | null = null
  do {
    const query = new URLSearchParams({ limit: '200', ...(q && { q }), ...(cursor && { cursor }) })
    const answer: z.infer<typeof page> = await read(connection, `/api/slides?${query}`, page)
    yield* answer.slides
    cursor = answer.nextCursor
  } while (cursor)
}

/** A slide as the public side knows it, or, before that, as the intake does. */
export type Shown = Slide | IntakeSlide

/** @throws CliError `not-found` when neither side knows the slide */
export async function showSlide(connection: Connection, id: string): Promise<Shown> {
  try {
    return await read(connection, slidePath(id), slide)
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'not-found') throw error
    const intake = { url: connection.intakeUrl, token: connection.token }
    return read(intake, slidePath(id, '', 'intake/slides'), intakeSlide).catch(() => {
      throw error
    })
  }
}

const HEADINGS = ['ID', 'NAME', 'STATE', 'PIXELS', 'MAGNIFICATION', 'SIZE', 'ADDED']

const cellsOf = (s: Slide): string[] => [
  s.id,
  s.name,
  s.state === 'tiling' ? `tiling ${Math.floor(s.progress * 100)} %` : s.state,
  `${s.width} x ${s.height}`,
  s.objectivePower === null ? 'uncalibrated' : `${s.objectivePower}x`,
  sizeText(s.sizes.pyramid ?? s.sizes.source),
  s.createdAt.slice(0, 16).replace('T', ' '),
]

/** Slides as lines of a table under its headings. */
export const slideTable = (slides: readonly Slide[]): string[] => alignedTable([HEADINGS, ...slides.map(cellsOf)])

/** Rows as lines, the headings first; a column is as wide as its longest cell. */
export function alignedTable(rows: readonly string[][]): string[] {
  const widths = rows[0]!.map((_, column) => rows.reduce((most, cells) => Math.max(most, cells[column]!.length), 0))
  const line = (cells: string[]): string => cells.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')
  return rows.map(cells => line(cells).trimEnd())
}

/** One fact a line. */
export function slideFacts(shown: Shown): string[] {
  const facts: [string, string | null][] =
    'sourceName' in shown
      ? [
          ['id', shown.id],
          ['source', shown.sourceName],
          ['number', shown.researchNumber],
          ['name', shown.releaseName],
          ['state', shown.state],
          ['reason', shown.reason],
          ['progress', `${Math.floor(shown.progress * 100)} %`],
          ['format', shown.format],
          ['size', sizeText(shown.sourceBytes)],
          ['annotations', shown.annotationFiles === 0 ? null : `${shown.annotationFiles} files`],
          ['received', shown.receivedAt],
        ]
      : [
          ['id', shown.id],
          ['name', shown.name],
          ['project', shown.project],
          ['state', shown.state],
          ['reason', shown.reason],
          ['progress', shown.state === 'tiling' ? `${Math.floor(shown.progress * 100)} %` : null],
          ['pixels', `${shown.width} x ${shown.height} in ${shown.levels.length} levels`],
          [
            'resolution',
            shown.mpp ? `${micrometres(shown.mppX)} x ${micrometres(shown.mppY)} µm per pixel` : 'uncalibrated',
          ],
          ['objective', shown.objectivePower === null ? null : `${shown.objectivePower}x`],
          ['format', shown.format],
          ['source', sizeText(shown.sizes.source)],
          ['original', shown.sizes.original === null ? null : sizeText(shown.sizes.original)],
          ['pyramid', shown.sizes.pyramid === null ? null : sizeText(shown.sizes.pyramid)],
          ['subject', shown.subject],
          ['case', shown.case],
          ['specimen', shown.specimen],
          ['block', shown.block],
          ['glass', shown.glass],
          ['added', shown.createdAt],
        ]
  return facts.filter(([, value]) => value !== null).map(([name, value]) => `${name.padEnd(12)}${value}`)
}

/** Four digits behind the point, which is more than scanners are calibrated to. */
const micrometres = (value: number | null): string => (value === null ? '?' : `${Number(value.toFixed(4))}`)

/** Bytes for people: powers of 1000, three digits. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`
}
