/**
 * The moment that a backup is of: what the database holds then, and the messages up to then, say the same. The state of an
 * event is saved before the event is told (outbox), so both can be taken while everything runs:
 *
 * - an event whose state is in the snapshot is in its outbox, or among the messages that were there before;
 * - an event among those messages has its state in the snapshot, if no message came while the snapshot was taken.
 *
 * The second is why a moment is looked for in which the streams are silent; it is as long as one query.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Bus, type Positions, positions, samePositions } from './streams.ts'

const TRIES = 200
const PAUSE_MS = 50

export interface Moment {
  /** For pg_dump; holds until the release. */
  snapshot: string
  at: Date
  positions: Positions
  /** Ids of uploads that are finished and not yet objects, where there is an ingest. */
  waitingUploads: string[]
  release(): Promise<void>
}

/** @throws Error when the streams are never silent */
export async function takeMoment(url: string, bus: Bus | undefined, ingest?: string): Promise<Moment> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    for (let tried = 0; tried < TRIES; tried += 1) {
      const before = bus ? await positions(bus) : {}
      const { snapshot, at } = await beginSnapshot(client)
      if (!bus || samePositions(before, await positions(bus))) {
        const waitingUploads = ingest ? await uploadsAt(ingest, snapshot) : []
        return { snapshot, at, positions: before, waitingUploads, release: () => client.end() }
      }
      await client.query('rollback')
      await sleep(PAUSE_MS)
    }
    throw new Error('events come so fast that there was no moment between them; try again when less is going on')
  } catch (error) {
    await client.end()
    throw error
  }
}

async function beginSnapshot(client: pg.Client): Promise<{ snapshot: string; at: Date }> {
  await client.query('begin isolation level repeatable read read only')
  const { rows } = await client.query<{ snapshot: string; at: Date }>(
    'select pg_export_snapshot() as snapshot, now() as at',
  )
  return rows[0]!
}

async function uploadsAt(url: string, snapshot: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    await client.query(`set transaction snapshot '${snapshot}'`)
    const { rows } = await client.query<{ upload_id: string }>(
      'select upload_id from ingest.uploads where finished_at is not null and object_key is null',
    )
    return rows.map(row => row.upload_id)
  } finally {
    await client.end()
  }
}
