import type { JetStreamManager, MsgRequest, NextMsgRequest } from '@nats-io/jetstream'
import type { Backlog, ConsumerSpec } from './port.ts'

/** The oldest message that a consumer has not done is the first of its subject after all that it has acknowledged. */
export async function backlogOf(
  jsm: JetStreamManager,
  { stream, name, subject }: Pick<ConsumerSpec, 'stream' | 'name' | 'subject'>,
): Promise<Backlog> {
  const { num_pending, num_ack_pending, ack_floor } = await jsm.consumers.info(stream, name)
  const messages = num_pending + num_ack_pending
  if (messages === 0) return { messages, oldestMs: 0 }
  // Servers from 2.9 on take both together; the client's type names them for direct reads only.
  const query: NextMsgRequest = { seq: ack_floor.stream_seq + 1, next_by_subj: subject }
  const oldest = await jsm.streams.getMessage(stream, query as NextMsgRequest & MsgRequest)
  // The server's clock and ours may differ.
  return { messages, oldestMs: oldest ? Math.max(0, Date.now() - oldest.time.getTime()) : 0 }
}
