/** A slide has its release name: the research number is forgotten, and without a ledger all that identifies it. */
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import type { SubjectsDeps } from '../deps.ts'
import { findSlide } from '../store.ts'
import { alone } from '../turn.ts'
import { forgetSlide } from './forget.ts'
import { isLedgerOn } from './switch.ts'

export const onDeidentified = ({ db }: SubjectsDeps) => ({
  handle: ({ slideId, release }: SlideDeidentified): Promise<void> =>
    db.transaction(async trx => {
      const known = await findSlide(trx, slideId)
      if (!known) return
      await alone(trx, known.project)
      const released = await trx
        .updateTable('slides')
        .set({ state: 'released', ...(release ? { release_name: release.name, research_number: null } : {}) })
        .where('slide_id', '=', slideId)
        .where('state', '<>', 'gone')
        .returningAll()
        .executeTakeFirst()
      if (released && release && !(await isLedgerOn(trx))) await forgetSlide(trx, released)
    }),
})
