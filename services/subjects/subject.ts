/** Subjects come into being: named by a manifest, or unknown behind a slide that no manifest names. */
import { randomUUID } from 'node:crypto'
import { newPseudonym } from './code.ts'
import { makeSubjectKey } from './sealing/keyring.ts'
import type { RootKey } from './sealing/root-key.ts'
import type { SubjectRow, Trx } from './store.ts'

/** @param fingerprint of the subject's name in the project; null for somebody unknown */
export async function makeSubject(
  trx: Trx,
  root: RootKey,
  { project, fingerprint }: { project: string; fingerprint: string | null },
): Promise<SubjectRow> {
  for (;;) {
    const made = await trx
      .insertInto('subjects')
      .values({
        id: randomUUID(),
        project,
        pseudonym: newPseudonym(),
        fingerprint,
        named: fingerprint !== null,
        state: 'active',
      })
      .onConflict(conflict => conflict.doNothing())
      .returningAll()
      .executeTakeFirst()
    if (made) {
      await makeSubjectKey(trx, root, made.id)
      return made
    }
    // Another manifest was faster with this subject, or, once in a long time, the pseudonym is taken.
    const there = fingerprint === null ? undefined : await subjectNamed(trx, project, fingerprint)
    if (there) return there
  }
}

export const subjectNamed = (trx: Trx, project: string, fingerprint: string): Promise<SubjectRow | undefined> =>
  trx
    .selectFrom('subjects')
    .selectAll()
    .where('project', '=', project)
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst()
