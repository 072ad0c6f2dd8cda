/** POST /api/manifests */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpCall, HttpHandler } from '@coverslip/platform/module.ts'
import { record } from '../audit.ts'
import type { SubjectsDeps } from '../deps.ts'
import { type Read, readManifest } from '../manifest/read.ts'
import { type Outcome, type Taking, takeLine } from '../manifest/take.ts'
import { alone } from '../turn.ts'

/** Other work gets a turn between so many lines. */
const LINES_PER_TRANSACTION = 100
const MAX_TOLD = 1000

export const postManifest =
  (deps: SubjectsDeps): HttpHandler =>
  async call => {
    const project = String(call.query.project)
    call.allow({ project })
    const { MANIFEST_MAX_BYTES, MANIFEST_MAX_LINES } = deps.config
    const bytes = await readBody(call, MANIFEST_MAX_BYTES)
    const { lines, refused } = readManifest(bytes, { maxLines: MANIFEST_MAX_LINES, vocabulary: deps.vocabulary })
    const counts = await takeLines(deps, lines, { project, user: call.principal.userId })
    return {
      body: {
        lines: lines.length + refused.length,
        ...counts,
        refused: refused.slice(0, MAX_TOLD),
        refusedLines: refused.length,
      },
    }
  }

/** A manifest that was taken in part only is sent again: what was taken is unchanged then. */
async function takeLines(deps: SubjectsDeps, lines: Read['lines'], by: Taking): Promise<Record<Outcome, number>> {
  const counts: Record<Outcome, number> = { taken: 0, unchanged: 0, late: 0, withdrawn: 0 }
  for (let at = 0; at < lines.length; at += LINES_PER_TRANSACTION) {
    const some = lines.slice(at, at + LINES_PER_TRANSACTION)
    const outcomes = await deps.db.transaction(async trx => {
      await alone(trx, by.project)
      const outcomes: Outcome[] = []
      for (const { said } of some) outcomes.push(await takeLine(trx, deps.root, said, by))
      const changed = outcomes.filter(outcome => outcome !== 'unchanged').length
      if (changed === 0) return outcomes
      await deps.publish(trx, 'subjects.changed', { project: by.project })
      const { project, user: actor } = by
      await record(trx, deps.root, { actor, project, action: 'manifest.taken', what: { lines: changed } })
      return outcomes
    })
    for (const outcome of outcomes) counts[outcome]++
  }
  return counts
}

async function readBody({ stream }: HttpCall, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) {
      // A body that was begun is read to its end: the next request on its connection waits behind it.
      stream.resume()
      throw new ServiceError('too-large', 'The manifest is too large; send it in parts')
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
