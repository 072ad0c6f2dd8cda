/** Slides on their way in, for whoever may see the intake. */
import { type IntakeSlide, intakeSlide } from '@coverslip/proto/api.ts'
import { z } from 'zod'
import type { Connection } from './connection.ts'
import { CliError } from './errors.ts'
import { read } from './http.ts'
import { alignedTable, sizeText } from './slides.ts'

const page = z.object({ slides: z.array(intakeSlide), nextCursor: z.string().nullable() })

/**
 * What has not come out of the intake, newest first; nothing where there is no intake, or the caller may not see it.
 * @param listed slides that the public list has shown already
 * @param q only those whose names or number contain this, in any case
 */
export async function* listComing(
  { intakeUrl, token }: Connection,
  listed: ReadonlySet<string>,
  q = '',
): AsyncGenerator<IntakeSlide> {
  let cursor: string | null = null
  do {
    const query = new URLSearchParams({ limit: '200', ...(cursor && { cursor }) })
    const answer: z.infer<typeof page> | undefined = await read(
      { url: intakeUrl, token },
      `/api/intake/slides?${query}`,
      page,
    ).catch(ifClosed)
    for (const slide of answer?.slides ?? []) {
      if (slide.state !== 'ready' && !listed.has(slide.id) && matches(slide, q)) yield slide
    }
    cursor = answer?.nextCursor ?? null
  } while (cursor)
}

const CLOSED = ['not-found', 'forbidden', 'http-404', 'http-403']

function ifClosed(error: unknown): undefined {
  if (error instanceof CliError && CLOSED.includes(error.code)) return undefined
  throw error
}

const matches = ({ sourceName, researchNumber, releaseName }: IntakeSlide, q: string): boolean =>
  [sourceName, researchNumber, releaseName].some(name => (name ?? '').toLowerCase().includes(q.toLowerCase()))

const stateText = ({ state, progress }: IntakeSlide): string =>
  state === 'deidentifying' || state === 'tiling' ? `${state} ${Math.floor(progress * 100)} %` : state

/** As lines of a table; why a slide does not go on comes last, as long as it is. */
export const comingTable = (slides: readonly IntakeSlide[]): string[] =>
  alignedTable([
    ['ID', 'NAME', 'STATE', 'SIZE', 'RECEIVED', 'REASON'],
    ...slides.map(slide => [
      slide.id,
      slide.releaseName ?? slide.researchNumber ?? slide.sourceName ?? '',
      stateText(slide),
      sizeText(slide.sourceBytes),
      slide.receivedAt.slice(0, 16).replace('T', ' '),
      slide.reason ?? '',
    ]),
  ])
