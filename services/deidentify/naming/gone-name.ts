/** Names of slides that are gone: nobody can read them any more, and still none is given again. */
import { createHmac } from 'node:crypto'
import { sql, type Transaction } from 'kysely'
import type { Queries, Tables } from '../store.ts'

/** What a name tells of its slide, the subject's pseudonym first, goes with the slide. */
const NOTHING = { subject: '', slots: '[]', told: '{}', owner: '', revision: null, width: null, height: null }
const MARK = 'GONE-'

/** Stands in a name's place; only the site can tell of which one, by its key. */
const markOf = (key: Buffer, name: string): string =>
  `${MARK}${createHmac('sha256', key).update(`gone name ${name.toUpperCase()}`).digest('hex').toUpperCase()}`

/** Whether a slide that is gone had this name. */
export async function wasGiven(queries: Queries, key: Buffer, name: string): Promise<boolean> {
  const there = await queries
    .selectFrom('releases')
    .select('slide_id')
    .where(sql`upper(name)`, '=', markOf(key, name))
    .executeTakeFirst()
  return there !== undefined
}

/** Of one slide. */
export async function forgetName(trx: Transaction<Tables>, key: Buffer, slideId: string): Promise<void> {
  const known = await trx.selectFrom('releases').select('name').where('slide_id', '=', slideId).executeTakeFirst()
  if (!known || known.name.startsWith(MARK)) return
  const forgotten = { ...NOTHING, name: markOf(key, known.name) }
  await trx.updateTable('releases').set(forgotten).where('slide_id', '=', slideId).execute()
}

/** Slides that were deleted by a version that kept their names. */
export async function forgetOldNames(trx: Transaction<Tables>, key: Buffer): Promise<void> {
  const old = await trx
    .selectFrom('releases')
    .select('slide_id')
    .where('subject', '=', '')
    .where('name', 'not like', `${MARK}%`)
    .execute()
  for (const { slide_id } of old) await forgetName(trx, key, slide_id)
}
