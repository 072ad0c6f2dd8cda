/** What the watched folders have seen, for those who may see intake. */
import type { WatchedFolders } from '@coverslip/proto/api/schemas.ts'
import { sql } from 'kysely'
import type { KeyedHash } from '../keyed-hash.ts'
import type { IngestDeps } from '../module-deps.ts'
import type { WatchedRow } from '../store.ts'
import { folderHash } from './memory.ts'
import type { WatchedFolder } from './setting.ts'

const MOST = 200

/** What was tried once and did not open is told from then on, long before it is given up. */
const shown = sql<
  WatchedRow['state'] | 'unreadable'
>`case when state = 'settling' and reason is not null then 'unreadable' else state end`

/** @param projects those that the caller may see, `*` for all */
export async function listWatched(deps: IngestDeps, hash: KeyedHash, projects: string[]): Promise<WatchedFolders> {
  const visible = deps.config.WATCH_FOLDERS.filter(
    ({ project }) => projects.includes('*') || projects.includes(project),
  )
  return { folders: await Promise.all(visible.map(folder => describe(deps, folderHash(hash, folder), folder))) }
}

async function describe(
  { db }: IngestDeps,
  folder: string,
  { path, project }: WatchedFolder,
): Promise<WatchedFolders['folders'][number]> {
  const seen = await db.query.selectFrom('watched_folders').selectAll().where('folder', '=', folder).executeTakeFirst()
  const rows = await db.query
    .selectFrom('watched')
    .select(({ fn }) => [shown.as('state'), fn.countAll<string | number>().as('count')])
    .where('folder', '=', folder)
    .groupBy(shown)
    .execute()
  const open = await db.query
    .selectFrom('watched')
    .select(['name', shown.as('state'), 'reason', 'since', 'slide_id'])
    .where('folder', '=', folder)
    .where('state', '!=', 'taken')
    .orderBy('since', 'desc')
    .limit(MOST)
    .execute()
  const counts = new Map(rows.map(({ state, count }) => [state, Number(count)]))
  return {
    folder: path,
    project,
    lookedAt: seen?.looked_at.toISOString() ?? null,
    lookMs: seen?.look_ms ?? null,
    files: seen?.files ?? 0,
    problem: seen?.problem ?? null,
    settling: (counts.get('settling') ?? 0) + (counts.get('copying') ?? 0),
    unreadable: counts.get('unreadable') ?? 0,
    taken: counts.get('taken') ?? 0,
    refused: counts.get('refused') ?? 0,
    waiting: open.map(({ name, state, reason, since, slide_id }) => ({
      name: name ?? '',
      state,
      reason,
      since: since.toISOString(),
      slideId: slide_id,
    })),
  }
}
