import type { JsMsg } from '@nats-io/jetstream'
import { headers, type MsgHdrs } from '@nats-io/transport-node'
import { placeOf } from './place.ts'
import type { BusMessage } from './port.ts'

const ID = 'Nats-Msg-Id'

/** The headers that the publisher gave: without the server's own, which begin with Nats-. */
function ownHeaders(message: JsMsg): Record<string, string> {
  const entries = [...(message.headers ?? [])].map(([key, values]) => [key, values[0] ?? ''] as const)
  return Object.fromEntries(entries.filter(([key]) => !key.startsWith('Nats-')))
}

export function messageOf(message: JsMsg): BusMessage {
  const id = message.headers?.get(ID) ?? ''
  return {
    id,
    place: placeOf(message.seq, id),
    subject: message.subject,
    data: message.data,
    headers: ownHeaders(message),
    deliveryCount: message.info.deliveryCount,
  }
}

export function headersOf(values: Readonly<Record<string, string>>): MsgHdrs {
  const result = headers()
  for (const [key, value] of Object.entries(values)) result.set(key, value)
  return result
}

/** What a dead message carries beside its own headers. */
export function deadHeaders(message: JsMsg, code: string): MsgHdrs {
  return headersOf({
    ...ownHeaders(message),
    'Dead-Id': message.headers?.get(ID) ?? '',
    'Dead-Subject': message.subject,
    'Dead-Code': code,
    'Dead-Deliveries': `${message.info.deliveryCount}`,
  })
}
