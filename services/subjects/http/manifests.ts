/** POST /api/manifests */
import { readBytes } from '@coverslip/platform/http/body.ts'
import type { HttpHandler } from '@coverslip/platform/module.ts'
import { record } from '../audit.ts'
import type { SubjectsDeps } from '../deps.ts'
import { type Read, readManifest } from '../manifest/read.ts'
import { hasRefused, nextManifest, saveRefused } from '../manifest/refused.ts'
import { type Outcome, type Taking, takeLines } from '../manifest/take.ts'
import { alone } from '../turn.ts'

/** Lines that are taken together; other work gets a turn between them. */
const LINES_PER_TRANSACTION = 500
const MAX_TOLD = 1000
const TOO_LARGE = 'The manifest is too large; send it in parts'

export const postManifest =
  (deps: SubjectsDeps): HttpHandler =>
  async call => {
    const project = String(call.query.project)
    call.allow({ project })
    const { MANIFEST_MAX_BYTES, MANIFEST_MAX_LINES } = deps.config
    const bytes = await readBytes(call.stream, MANIFEST_MAX_BYTES, TOO_LARGE)
    const { lines, refused } = readManifest(bytes, { maxLines: MANIFEST_MAX_LINES, vocabulary: deps.vocabulary })
    const by = { project, user: call.principal.userId, manifest: await nextManifest(deps.db) }
    // First, so that no slide goes on between a line of this manifest that is taken and another that is refused.
    await holdRefused(deps, refused, by)
    const counts = await takeAll(deps, lines, by)
    return {
      body: {
        lines: lines.length + refused.length,
        ...counts,
        refused: refused.slice(0, MAX_TOLD).map(({ line, reason }) => ({ line, reason })),
        refusedLines: refused.length,
      },
    }
  }

/** What is held already is asked for again too, and says then why. */
async function holdRefused(deps: SubjectsDeps, refused: Read['refused'], by: Taking): Promise<void> {
  if (refused.length === 0) return
  await deps.db.transaction(async trx => {
    await alone(trx, by.project)
    const files = await saveRefused(trx, deps.root, refused, by)
    if (files === 0) return
    await deps.publish(trx, 'subjects.changed', { project: by.project })
    const { project, user: actor } = by
    await record(trx, deps.root, { actor, project, action: 'manifest.refused', what: { lines: files } })
  })
}

/** A manifest that was taken in part only is sent again: what was taken is unchanged then. */
async function takeAll(deps: SubjectsDeps, lines: Read['lines'], by: Taking): Promise<Record<Outcome, number>> {
  const counts: Record<Outcome, number> = { taken: 0, unchanged: 0, late: 0, withdrawn: 0 }
  for (let at = 0; at < lines.length; at += LINES_PER_TRANSACTION) {
    const some = lines.slice(at, at + LINES_PER_TRANSACTION)
    const outcomes = await deps.db.transaction(async trx => {
      await alone(trx, by.project)
      // A line that is as it was may still correct one that was refused.
      const corrects = await hasRefused(trx, by.project)
      const outcomes = await takeLines(
        trx,
        deps.root,
        some.map(({ said }) => said),
        by,
      )
      const changed = outcomes.filter(outcome => outcome !== 'unchanged').length
      if (changed > 0 || corrects) await deps.publish(trx, 'subjects.changed', { project: by.project })
      if (changed === 0) return outcomes
      const { project, user: actor } = by
      await record(trx, deps.root, { actor, project, action: 'manifest.taken', what: { lines: changed } })
      return outcomes
    })
    for (const outcome of outcomes) counts[outcome]++
  }
  return counts
}
