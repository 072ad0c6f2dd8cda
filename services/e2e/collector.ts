/** Where the processes under test send their spans (OTLP over HTTP): kept as they come, to be searched. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'

export interface Collector {
  url: string
  /** All that has come so far. */
  spans(): Buffer
  stop(): Promise<void>
}

/** @param host an address of this machine that the processes reach */
export async function startCollector(host = '127.0.0.1'): Promise<Collector> {
  const bodies: Buffer[] = []
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    bodies.push(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body)
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  })
  await new Promise<void>(resolve => {
    server.listen(0, host, resolve)
  })
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    spans: () => Buffer.concat(bodies),
    stop: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
