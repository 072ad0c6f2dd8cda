/** A line as it is kept: sealed with the key of its subject, found by the fingerprint of its file. */
import { sealJson, unsealJson } from '../sealing/seal.ts'
import type { LineRow, Queries, SlideRow } from '../store.ts'
import type { ManifestLine } from './line.ts'

const place = (lineId: string): string => `lines/${lineId}`

export const sealLine = (key: Buffer, lineId: string, line: ManifestLine): Buffer => sealJson(key, line, place(lineId))

/** Undefined when what it said is gone. */
export const openLine = (key: Buffer, { id, sealed }: Pick<LineRow, 'id' | 'sealed'>): ManifestLine | undefined =>
  sealed ? unsealJson<ManifestLine>(key, sealed, place(id)) : undefined

type Named = Pick<SlideRow, 'project' | 'name_fingerprint' | 'stem_fingerprint'>

/** The manifest's line for a slide: under the file's whole name, else under its name without the extension. */
export async function lineOfSlide(
  queries: Queries,
  { project, name_fingerprint: name, stem_fingerprint: stem }: Named,
): Promise<LineRow | undefined> {
  const prints = [name, stem].filter(print => print !== null)
  if (prints.length === 0) return undefined
  const found = await queries
    .selectFrom('lines')
    .selectAll()
    .where('project', '=', project)
    .where('file_fingerprint', 'in', prints)
    .execute()
  return found.find(line => line.file_fingerprint === name) ?? found[0]
}
