import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Telemetry } from '../telemetry.ts'

/** What a scrape would answer, without a server. */
export function scrapeText(telemetry: Pick<Telemetry, 'scrape'>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const answer = { statusCode: 0, setHeader: () => answer, end: resolve }
  telemetry.scrape({} as IncomingMessage, answer as unknown as ServerResponse)
  return promise
}
