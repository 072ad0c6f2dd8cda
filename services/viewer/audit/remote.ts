/** Who did what in a project, on the API: two audits, of what happens before the release and of the release itself. */
import { json } from '../api.ts'

export interface SubjectEntry {
  seq: number
  at: string
  actor: string
  action: string
  what: Record<string, unknown>
  /** The actor's own; null: there were none, or a withdrawal erased them. */
  words: string | null
}
export interface GateEntry {
  at: string
  who: string
  what: string
  slideId: string | null
  revision: number | null
  reason: string | null
}
export interface GateAudit {
  entries: GateEntry[]
  nextCursor: string | null
  whole: boolean
}

const PAGE = 100

/** Both oldest first. */
export const audits = {
  /** @param after the number of the last entry of the page before; null: from the beginning */
  async ofSubjects(project: string, after: string | null): Promise<{ entries: SubjectEntry[]; next: string | null }> {
    const query = new URLSearchParams({ project, limit: String(PAGE + 1), ...(after && { after }) })
    const { entries } = await json<{ entries: SubjectEntry[] }>(`/api/ledger/audit?${query}`)
    const page = entries.slice(0, PAGE)
    return { entries: page, next: entries.length > PAGE ? String(page.at(-1)?.seq) : null }
  },
  ofReleases: (project: string, cursor: string | null) =>
    json<GateAudit>(
      `/api/projects/${project}/gate/audit?${new URLSearchParams({ limit: String(PAGE), ...(cursor && { cursor }) })}`,
    ),
}
