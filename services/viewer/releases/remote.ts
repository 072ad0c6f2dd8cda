/** How slides of a project are released: the human gate, and the names they get; on the API. */
import type { Nomenclature } from '@coverslip/proto/api/nomenclature.ts'
import type { ReleasedSlide } from '@coverslip/proto/api/releases.ts'
import type { Gate } from '@coverslip/proto/api/reviews.ts'
import { json } from '../api.ts'

export interface NomenclatureVersion {
  version: number
  nomenclature: Nomenclature
  who: string | null
  at: string | null
  examples: string[]
}
export interface GateChange {
  on: boolean
  reason: string
  releaseWaiting: boolean
}

const pageAt = (cursor: string | null, limit: string) => new URLSearchParams({ limit, ...(cursor && { cursor }) })

const of = (project: string) => `/api/projects/${project}`

export const releases = {
  gate: (project: string) => json<Gate>(`${of(project)}/gate`),
  setGate: (project: string, change: GateChange) =>
    json<Gate & { released: number }>(`${of(project)}/gate`, { method: 'PUT', json: change }),
  nomenclature: (project: string) => json<NomenclatureVersion>(`${of(project)}/nomenclature`),
  setNomenclature: (project: string, nomenclature: unknown) =>
    json<NomenclatureVersion>(`${of(project)}/nomenclature`, { method: 'PUT', json: nomenclature }),
  list: (project: string, cursor: string | null) =>
    json<{ releases: ReleasedSlide[]; nextCursor: string | null }>(`${of(project)}/releases?${pageAt(cursor, '50')}`),
}
