import type { ManifestAnswer } from '@coverslip/proto/api/subjects.ts'
import { json, messageOf, signedIn } from '../api.ts'
import type { Notices } from '../parts/notices.ts'

/** Sends a manifest and says what became of it: refused lines by their number and reason. */
export async function takeManifest(file: File, notices: Notices, project: string): Promise<void> {
  try {
    const call = { method: 'POST', body: file, type: 'text/csv' } as const
    const { lines, taken, unchanged, refused, refusedLines } = await signedIn(
      json<ManifestAnswer>(`/api/manifests?project=${project}`, call),
    )
    const details = refused.map(({ line, reason }) => `line ${line}: ${reason}`)
    const rest = unchanged > 0 ? `, ${unchanged} known already` : ''
    const bad = refusedLines > 0 ? `, ${refusedLines} refused` : ''
    notices.show(`Manifest: ${taken} of ${lines} lines taken${rest}${bad}.`, details)
  } catch (error) {
    notices.show(`The manifest was not taken: ${messageOf(error)}`)
  }
}
