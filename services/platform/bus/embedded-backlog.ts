import { sql } from 'kysely'
import type { Rows } from './embedded-consumer.ts'
import type { Backlog, ConsumerSpec } from './port.ts'
import { patternSource } from './subjects.ts'

/** What is in work or to be delivered again, and what the consumer has not come to yet. */
export async function backlogOf(
  db: Rows,
  { stream, name, subject }: Pick<ConsumerSpec, 'stream' | 'name' | 'subject'>,
): Promise<Backlog> {
  const { rows } = await sql<{ messages: number; ms: number | null }>`
    with open as (
      select stored_at from bus.deliveries join bus.messages using (stream, seq)
      where stream = ${stream} and consumer = ${name}
      union all
      select stored_at from bus.messages m join bus.consumers c using (stream)
      where stream = ${stream} and c.name = ${name} and m.seq > c.cursor and m.subject ~ ${patternSource(subject)})
    select count(*)::int as messages,
      (extract(epoch from clock_timestamp() - min(stored_at)) * 1000)::float8 as ms from open`.execute(db.query)
  const { messages, ms } = rows[0]!
  return { messages, oldestMs: Math.max(0, ms ?? 0) }
}
