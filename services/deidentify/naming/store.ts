/** Nomenclatures by version, and the manifest of released names. */
import { ServiceError, unknownThing } from '@coverslip/platform/errors.ts'
import { type Nomenclature, nomenclature as schema } from '@coverslip/proto/api/nomenclature.ts'
import type { Transaction } from 'kysely'
import type { Queries, Tables } from '../store.ts'
import { defaultNomenclature } from './default.ts'
import { wasGiven } from './gone-name.ts'
import { type Nameable, type NamedSlot, nameSlide } from './name.ts'
import { type Peer, toldBy } from './singled-out.ts'

export interface NomenclatureTable {
  project: string
  version: number
  /** JSON. */
  nomenclature: string
  who: string
  at: Date
}

export interface ReleaseTable {
  slide_id: string
  project: string
  name: string
  /** Id and version of the nomenclature: `C1/0`. */
  scheme: string
  /** The code of the subject slot. */
  subject: string
  /** JSON: NamedSlot[]. */
  slots: string
  /** JSON: Told. */
  told: string
  owner: string
  at: Date
  /** Of what was released; null until the event of the release was seen, and once the slide is gone. */
  revision: number | null
  width: number | null
  height: number | null
}

export interface NomenclatureVersion {
  /** 0: the default. */
  version: number
  nomenclature: Nomenclature
  who: string | null
  at: Date | null
}

export async function findNomenclature(queries: Queries, project: string): Promise<NomenclatureVersion> {
  const row = await queries
    .selectFrom('nomenclatures')
    .selectAll()
    .where('project', '=', project)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row) return { version: 0, nomenclature: defaultNomenclature(project), who: null, at: null }
  const { version, who, at } = row
  return { version, nomenclature: schema.parse(JSON.parse(row.nomenclature)), who, at }
}

/** Saves a new version. @throws ServiceError `conflict` when somebody else does so at the same moment */
export async function saveNomenclature(
  trx: Transaction<Tables>,
  project: string,
  nomenclature: Nomenclature,
  who: string,
): Promise<void> {
  const { version } = await findNomenclature(trx, project)
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('nomenclatures')
    .values({ project, version: version + 1, nomenclature: JSON.stringify(nomenclature), who, at: new Date() })
    .onConflict(conflict => conflict.columns(['project', 'version']).doNothing())
    .executeTakeFirstOrThrow()
  if (!numInsertedOrUpdatedRows) throw new ServiceError('conflict', 'Somebody else has just changed the nomenclature')
}

export interface Released {
  name: string
  scheme: string
  owner: string
  at: Date
}

/** With 20 random bits in a name, so many taken ones in a row mean that the nomenclature is used up. */
const ATTEMPTS = 50

/**
 * Gives a slide its name for good: the one that it has, or a new one that nobody ever had.
 * @param key by which names of slides that are gone are told
 * @throws ServiceError `precondition-failed` when the nomenclature has no free names left
 */
export async function giveName(
  trx: Transaction<Tables>,
  key: Buffer,
  slide: Nameable & { slideId: string; project: string },
  owner: string,
): Promise<Released> {
  const { slideId, project } = slide
  const known = await trx.selectFrom('releases').selectAll().where('slide_id', '=', slideId).executeTakeFirst()
  if (known) return known
  const { version, nomenclature } = await findNomenclature(trx, project)
  const scheme = `${nomenclature.scheme}/${version}`
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { name, slots } = nameSlide(nomenclature, slide)
    if (await wasGiven(trx, key, name)) continue
    const row = { slide_id: slideId, project, name, scheme, subject: subjectOf(slots), owner, at: new Date() }
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('releases')
      .values({
        ...row,
        slots: JSON.stringify(slots),
        told: JSON.stringify(toldBy(nomenclature, slots, slide.material)),
        ...{ revision: null, width: null, height: null },
      })
      .onConflict(conflict => conflict.doNothing())
      .executeTakeFirstOrThrow()
    if (numInsertedOrUpdatedRows) return row
  }
  throw new ServiceError(
    'precondition-failed',
    'The nomenclature has no free names left; give it more random characters',
  )
}

/** In order of their names, which tells nothing. @param after the name of the last one seen */
export async function listReleases(
  queries: Queries,
  { project, after, limit }: { project: string; after: string; limit: number },
): Promise<{ rows: ReleaseTable[]; last: string | null }> {
  const rows = await queries
    .selectFrom('releases')
    .selectAll()
    .where('project', '=', project)
    // Those of slides that are gone only keep their names from being given again.
    .where('subject', '!=', '')
    .where('name', '>', after)
    .orderBy('name')
    .limit(limit + 1)
    .execute()
  const page = rows.slice(0, limit)
  return { rows: page, last: rows.length > limit ? (page.at(-1)?.name ?? null) : null }
}

export const findRelease = (queries: Queries, slideId: string): Promise<ReleaseTable | undefined> =>
  queries
    .selectFrom('releases')
    .selectAll()
    .where('slide_id', '=', slideId)
    .where('subject', '!=', '')
    .executeTakeFirst()

/** A slot of the manifest, with what became known after the release. */
export interface ManifestSlot extends NamedSlot {
  later?: string
}
export const slotsOf = ({ slots }: ReleaseTable): ManifestSlot[] => JSON.parse(slots)

/**
 * Takes down what became known of a slot; the name stays as it is.
 * @throws ServiceError `not-found` for a slot that is none, `invalid` for one that is random, or a code of another width
 */
export async function saveLater(
  trx: Transaction<Tables>,
  slideId: string,
  slotName: string,
  later: string,
): Promise<ReleaseTable> {
  const row = await trx
    .selectFrom('releases')
    .selectAll()
    .where('slide_id', '=', slideId)
    .forUpdate()
    .executeTakeFirst()
  const slot = row && slotsOf(row).find(({ name }) => name === slotName)
  if (!row || !slot) throw unknownThing()
  const says = slot.kind === 'vocabulary' || slot.kind === 'spare'
  if (!says || later.length !== slot.code.length) {
    throw new ServiceError(
      'invalid',
      `Slot "${slot.name}" takes ${says ? `${slot.code.length} characters` : 'nothing later'}`,
    )
  }
  const slots = JSON.stringify(slotsOf(row).map(one => (one.name === slotName ? { ...one, later } : one)))
  await trx.updateTable('releases').set({ slots }).where('slide_id', '=', slideId).execute()
  return { ...row, slots }
}

const subjectOf = (slots: readonly NamedSlot[]): string => slots.find(({ kind }) => kind === 'subject')?.code ?? ''

/** What the released names of a project tell, once per subject and codes. */
export async function releasedPeers(queries: Queries, project: string, exceptSlideId: string): Promise<Peer[]> {
  const rows = await queries
    .selectFrom('releases')
    .select(['subject', 'told'])
    .distinct()
    .where('project', '=', project)
    .where('subject', '!=', '')
    .where('slide_id', '!=', exceptSlideId)
    .execute()
  return rows.map(({ subject, told }) => ({ subject, told: JSON.parse(told) }))
}
