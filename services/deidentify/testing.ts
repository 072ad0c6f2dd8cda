/** Sources for tests, as ingest leaves them. */
import { randomUUID } from 'node:crypto'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deps, EventContext } from '@coverslip/platform/module.ts'
import { SlideReceived } from '@coverslip/proto/gen/events/v1/events.ts'

/** @param data the data folder of the system under test, with its stores in files */
export async function receivedSlide(
  data: string,
  file: string,
  given: Partial<SlideReceived> = {},
): Promise<SlideReceived> {
  const slideId = randomUUID()
  const folder = join(data, 'source', slideId, '1')
  await mkdir(folder, { recursive: true })
  await copyFile(file, join(folder, 'source'))
  const message = { slideId, project: 'default', sourceKeys: [`${slideId}/1/source`], bytes: 1n, format: 'aperio' }
  return SlideReceived.fromPartial({ ...message, ...given })
}

export const eventContext = (): EventContext => ({
  signal: new AbortController().signal,
  deliveryCount: 1,
  traceparent: undefined,
})

/** A subjects service that has never heard of the slides of a test. */
export const nothingKnown = (() => ({
  getKnownTexts: async () => ({ texts: [], ledger: false }),
})) as unknown as Deps['rpc']
