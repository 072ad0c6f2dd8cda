/** Subjects as they are shown: by pseudonyms, codes and counts. */
import { readCursor, toPage } from '@coverslip/platform/paging.ts'
import type { SubjectAnswer, subjectDetails } from '@coverslip/proto/api/subjects.ts'
import type { ExpressionBuilder } from 'kysely'
import type { z } from 'zod'
import { readPseudonym } from './code.ts'
import { lineOfSlide } from './manifest/kept-line.ts'
import { evaluate, sayHeldBy } from './rules/evaluate.ts'
import { knownFacts } from './rules/known-facts.ts'
import { rulesOf } from './rules/project-rules.ts'
import { readAttestations, readConsent } from './rules/statements.ts'
import { subjectKey } from './sealing/keyring.ts'
import type { RootKey } from './sealing/root-key.ts'
import type { Queries, SlideRow, SubjectRow, Tables } from './store.ts'

interface Asked {
  /** At least one; `*`: all. */
  projects: readonly string[]
  limit: number
  cursor?: string | undefined
  /** As somebody typed it. */
  pseudonym?: string | undefined
  /** Only those of whom a slide is held. */
  only?: 'held' | undefined
}

/** Newest first. @throws ServiceError `invalid` for a cursor that this function did not make */
export async function listSubjects(
  queries: Queries,
  { projects, limit, cursor, pseudonym, only }: Asked,
): Promise<{ subjects: SubjectAnswer[]; nextCursor: string | null }> {
  let query = queries
    .selectFrom('subjects')
    .selectAll()
    .select(eb => [
      slidesOf(eb).where('slides.state', '<>', 'gone').as('slides'),
      slidesOf(eb).where('slides.state', '=', 'held').as('held'),
    ])
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (!projects.includes('*')) query = query.where('project', 'in', projects)
  if (pseudonym !== undefined) query = query.where('pseudonym', '=', readPseudonym(pseudonym) ?? '')
  if (only === 'held') query = query.where(eb => eb(slidesOf(eb).where('slides.state', '=', 'held'), '>', 0))
  if (cursor !== undefined) {
    const { at, id } = readCursor(cursor)
    query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('created_at', 'id'), '<', tuple(at, id)))
  }
  const { page, nextCursor } = toPage(await query.execute(), limit, ({ created_at, id }) => ({ at: created_at, id }))
  return {
    subjects: page.map(row => ({ ...toAnswer(row), slides: Number(row.slides), held: Number(row.held) })),
    nextCursor,
  }
}

/** How many slides a subject has. */
const slidesOf = (eb: ExpressionBuilder<Tables, 'subjects'>) =>
  eb
    .selectFrom('slides')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .whereRef('slides.subject_id', '=', 'subjects.id')

const toAnswer = ({ id, project, pseudonym, named, state, created_at }: SubjectRow) => ({
  id,
  project,
  pseudonym,
  named,
  state,
  createdAt: created_at.toISOString(),
})

/** One subject with all that is known but its identity. */
export async function describeSubject(
  queries: Queries,
  root: RootKey,
  subject: SubjectRow,
): Promise<z.infer<typeof subjectDetails>> {
  const key = await subjectKey(queries, root, subject.id)
  const slides = await queries
    .selectFrom('slides')
    .selectAll()
    .where('subject_id', '=', subject.id)
    .orderBy('seen_at')
    .execute()
  const { rules } = await rulesOf(queries, subject.project)
  const slidesOf = []
  for (const slide of slides) slidesOf.push(await toSlide(queries, root, { slide, subject, rules }))
  return {
    ...toAnswer(subject),
    slides: slides.filter(({ state }) => state !== 'gone').length,
    held: slides.filter(({ state }) => state === 'held').length,
    consent: key ? await readConsent(queries, key, subject.id) : null,
    attestations: key ? (await readAttestations(queries, key, subject.id)).map(toAttestation) : [],
    slidesOf,
  }
}

function toAttestation({ by, at, ...stated }: Awaited<ReturnType<typeof readAttestations>>[number]) {
  const { kind } = stated
  const none = { slide: null, status: null, broker: null, value: null, by, at: at.toISOString() }
  if (stated.kind === 'vital-status') return { ...none, kind, status: stated.status, broker: stated.broker }
  return { ...none, kind, slide: stated.slide ?? null, value: stated.value }
}

interface OfSubject {
  slide: SlideRow
  subject: SubjectRow
  rules: Parameters<typeof evaluate>[0]
}

async function toSlide(queries: Queries, root: RootKey, { slide, subject, rules }: OfSubject) {
  const { slide_id: slideId, state, pseudonyms } = slide
  const isHeld = state === 'held'
  const line = isHeld ? await lineOfSlide(queries, slide) : undefined
  const heldBy = isHeld ? evaluate(rules, await knownFacts(queries, root, { subject, line, slideId })).heldBy : []
  return {
    id: slideId,
    name: slide.release_name ?? slide.research_number,
    state,
    heldBy: heldBy.map(sayHeldBy),
    case: pseudonyms.case || null,
    specimen: pseudonyms.specimen || null,
    block: pseudonyms.block || null,
    glass: pseudonyms.glass || null,
  }
}
