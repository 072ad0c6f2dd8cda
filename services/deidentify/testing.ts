/** Sources for tests, as ingest leaves them. */
import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deps, EventContext } from '@coverslip/platform/module.ts'
import { SlideReceived } from '@coverslip/proto/gen/events/v1/events.ts'

/**
 * @param data the data folder of the system under test, with its stores in files
 * @param file with its folder beside it when it is an `.mrxs`
 */
export async function receivedSlide(
  data: string,
  file: string,
  given: Partial<SlideReceived> = {},
): Promise<SlideReceived> {
  const slideId = randomUUID()
  const folder = join(data, 'source', slideId, '1')
  const mirax = file.endsWith('.mrxs')
  const parts = mirax ? await readdir(file.slice(0, -'.mrxs'.length)) : []
  await mkdir(mirax ? join(folder, 'slide') : folder, { recursive: true })
  const head = mirax ? 'slide.mrxs' : 'source'
  await copyFile(file, join(folder, head))
  for (const part of parts) await copyFile(join(file.slice(0, -'.mrxs'.length), part), join(folder, 'slide', part))
  const sourceKeys = [head, ...parts.map(part => `slide/${part}`)].map(name => `${slideId}/1/${name}`)
  return SlideReceived.fromPartial({ slideId, project: 'default', sourceKeys, bytes: 1n, format: 'aperio', ...given })
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
