/** Lines that were refused: their file's slides do not go on until a later manifest says it right. */
import { sql } from 'kysely'
import { fileFingerprint } from '../names.ts'
import type { RootKey } from '../sealing/root-key.ts'
import type { LineRow, Queries, RefusedLineRow, SlideRow, Trx } from '../store.ts'
import type { RefusedLine } from './read.ts'

/** The number of a manifest that begins: what a later one says of a file counts. */
export async function nextManifest({ query, schema }: { query: Queries; schema: string }): Promise<number> {
  const { rows } = await sql<{
    number: number
  }>`select nextval(${`${schema}.manifests`}::regclass)::integer as number`.execute(query)
  return rows[0]!.number
}

/** As many at once as fit the parameters of a statement with ease. */
const AT_ONCE = 500
const MAX_REASON = 1000

/**
 * Remembers which files were refused, as keyed fingerprints. A line whose file could not be read is not among them.
 * @returns how many files that are
 */
export async function saveRefused(
  trx: Trx,
  root: RootKey,
  refused: readonly RefusedLine[],
  { project, manifest }: { project: string; manifest: number },
): Promise<number> {
  const rows = new Map<string, RefusedLineRow>()
  for (const { file, line, reason } of refused) {
    if (file === undefined) continue
    const file_fingerprint = fileFingerprint(root, project, file)
    if (rows.has(file_fingerprint)) continue
    rows.set(file_fingerprint, { project, file_fingerprint, manifest, line, reason: reason.slice(0, MAX_REASON) })
  }
  const all = [...rows.values()]
  for (let at = 0; at < all.length; at += AT_ONCE) {
    await trx
      .insertInto('refused_lines')
      .values(all.slice(at, at + AT_ONCE))
      .onConflict(conflict =>
        conflict.columns(['project', 'file_fingerprint']).doUpdateSet(({ ref }) => ({
          manifest: ref('excluded.manifest'),
          line: ref('excluded.line'),
          reason: ref('excluded.reason'),
        })),
      )
      .execute()
  }
  return all.length
}

/** Lines that are taken lift what an earlier manifest got wrong; in one manifest the refusal stands. */
export async function liftRefused(
  trx: Trx,
  { project, files, manifest }: { project: string; files: readonly string[]; manifest: number },
): Promise<void> {
  await trx
    .deleteFrom('refused_lines')
    .where('project', '=', project)
    .where('file_fingerprint', 'in', files)
    .where('manifest', '<', manifest)
    .execute()
}

export async function hasRefused(queries: Queries, project: string): Promise<boolean> {
  const one = await queries.selectFrom('refused_lines').select('line').where('project', '=', project).executeTakeFirst()
  return one !== undefined
}

type Named = Pick<SlideRow, 'project' | 'name_fingerprint' | 'stem_fingerprint'>

/**
 * Why a slide is held by a line that was refused; undefined when none was, or it was corrected since. The corrected line
 * may write the file with its extension or without.
 * @param line the one that was taken for the slide
 */
export async function heldByRefused(
  queries: Queries,
  { project, name_fingerprint: name, stem_fingerprint: stem }: Named,
  line: LineRow | undefined,
): Promise<string | undefined> {
  const prints = [name, stem].filter(print => print !== null)
  if (prints.length === 0) return undefined
  const refused = await queries
    .selectFrom('refused_lines')
    .selectAll()
    .where('project', '=', project)
    .where('file_fingerprint', 'in', prints)
    .where('manifest', '>=', line?.manifest ?? 0)
    .orderBy('manifest', 'desc')
    .executeTakeFirst()
  if (!refused) return undefined
  const { line: number, reason } = refused
  return `the manifest's line for this file was refused (line ${number}: ${reason}); send a corrected manifest`
}
