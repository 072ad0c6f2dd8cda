import type { ManifestAnswer } from '@coverslip/proto/api/subjects.ts'
import { json, messageOf, signedIn } from '../api.ts'
import type { Notices } from '../parts/notices.ts'

/** Each line is one of these. */
function sayTaken({ lines, taken, unchanged, late, withdrawn, refusedLines }: ManifestAnswer): string {
  const others: [number, string][] = [
    [unchanged, 'known already'],
    [late, 'of slides that had gone on before'],
    [withdrawn, 'of subjects who have withdrawn'],
    [refusedLines, 'refused'],
  ]
  const rest = others.filter(([count]) => count > 0).map(([count, what]) => `, ${count} ${what}`)
  return `Manifest: ${taken} of ${lines} lines taken${rest.join('')}.`
}

/** Sends a manifest and says what became of it: refused lines by their number and reason. */
export async function takeManifest(file: File, notices: Notices, project: string): Promise<void> {
  try {
    const call = { method: 'POST', body: file, type: 'text/csv' } as const
    const answer = await signedIn(json<ManifestAnswer>(`/api/manifests?project=${project}`, call))
    const details = answer.refused.map(({ line, reason }) => `line ${line}: ${reason}`)
    notices.show(sayTaken(answer), details)
  } catch (error) {
    notices.show(`The manifest was not taken: ${messageOf(error)}`)
  }
}
