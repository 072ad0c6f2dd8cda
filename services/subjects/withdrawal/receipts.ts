/** What keepers say of slides that were deleted. */
import type { SlideErased } from '@coverslip/proto/gen/events/v1/events.ts'
import type { SubjectsDeps } from '../deps.ts'
import { forgetName } from '../ledger/forget.ts'
import { finishIfErased } from './finish.ts'

/** The first receipt of a keeper stays: a second one would only say that there was nothing left. */
export const onErased = ({ db, root }: SubjectsDeps) => ({
  handle: ({ slideId, service, site, objects, rows, bytes, at, downloads }: SlideErased): Promise<void> =>
    db.transaction(async trx => {
      // The last two receipts may come at the same time: one of them has to see both.
      const withdrawal = await trx
        .selectFrom('withdrawals')
        .innerJoin('withdrawal_slides', 'withdrawal_id', 'id')
        .selectAll('withdrawals')
        .where('slide_id', '=', slideId)
        .forUpdate('withdrawals')
        .executeTakeFirst()
      await trx
        .insertInto('receipts')
        .values({
          slide_id: slideId,
          service,
          site,
          objects: Number(objects),
          rows: Number(rows),
          bytes: Number(bytes),
          at: new Date(at),
          downloads: JSON.stringify(downloads),
        })
        .onConflict(conflict => conflict.doNothing())
        .execute()
      if (withdrawal) await finishIfErased(trx, root, withdrawal)
    }),
})

/** A slide that was deleted, not withdrawn: its name is forgotten; what a manifest says of the file stays. */
export const onDeleted = ({ db }: SubjectsDeps) => ({
  handle: ({ slideId, reason }: { slideId: string; reason: string }): Promise<void> =>
    db.transaction(async trx => {
      // A withdrawal forgets at its end.
      if (reason === 'withdrawn') return
      await trx.updateTable('slides').set({ state: 'gone' }).where('slide_id', '=', slideId).execute()
      await forgetName(trx, slideId)
    }),
})
