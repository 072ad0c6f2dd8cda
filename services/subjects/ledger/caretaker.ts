/**
 * Work on the ledger that takes its time: forgetting what was released while it was off, wrapping subjects' keys with the
 * newest version of the ledger's key, destroying versions that nothing uses, closing withdrawals. Each step may be done twice, by several
 * processes, and goes on after a restart.
 */
import { bell } from '@coverslip/platform/bell.ts'
import { record } from '../audit.ts'
import type { SubjectsDeps } from '../deps.ts'
import { destroyUnused, rewrapSome } from '../sealing/rotation.ts'
import { alone } from '../turn.ts'
import { finishWithdrawals } from '../withdrawal/finish.ts'
import { forgetSlide } from './forget.ts'
import { isLedgerOn } from './switch.ts'

const LOOK_MS = 60_000
const SLIDES_AT_ONCE = 50

export interface Caretaker {
  /** There may be something to do. */
  wake(): void
  stop(): Promise<void>
}

export function startCaretaker(deps: SubjectsDeps): Caretaker {
  let stopping = false
  const work = bell()
  const loop = async (): Promise<void> => {
    while (!stopping) {
      const more = await takeCare(deps).catch((error: unknown) => {
        deps.log.warn({ err: error }, 'the ledger could not be taken care of yet')
        return false
      })
      if (!more && !stopping) await work.wait(LOOK_MS)
    }
  }
  const running = loop()
  return {
    wake: work.ring,
    stop: async () => {
      stopping = true
      work.ring()
      await running
    },
  }
}

/** Does a part of what is to be done. @returns whether there may be more */
export async function takeCare(deps: SubjectsDeps): Promise<boolean> {
  if (await forgetSome(deps)) return true
  if (await rewrapSome(deps.db, deps.root)) return true
  await finishWithdrawals(deps)
  await deps.db.transaction(async trx => {
    for (const version of await destroyUnused(trx)) {
      const act = { actor: 'system', project: '*', action: 'ledger.key-destroyed' }
      await record(trx, deps.root, { ...act, what: { version } })
    }
  })
  return false
}

async function forgetSome({ db }: SubjectsDeps): Promise<boolean> {
  return db.transaction(async trx => {
    if (await isLedgerOn(trx)) return false
    const remembered = trx
      .selectFrom('slides')
      .where('state', '=', 'released')
      .where('release_name', 'is not', null)
      .where('name_fingerprint', 'is not', null)
    const found = await remembered.select('project').limit(1).executeTakeFirst()
    if (!found) return false
    await alone(trx, found.project)
    const released = await remembered
      .selectAll()
      .where('project', '=', found.project)
      .limit(SLIDES_AT_ONCE)
      .forUpdate()
      .execute()
    for (const slide of released) await forgetSlide(trx, slide)
    return true
  })
}
