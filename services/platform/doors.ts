/** The doors of a process: HTTP for the world, gRPC for the other services, metrics and health for operators. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ServiceName } from '@coverslip/proto/services.ts'
import type { Adapters } from './adapters.ts'
import type { Keys } from './auth/keys.ts'
import type { Verifier } from './auth/verifier.ts'
import { ServiceError, toServiceError } from './errors.ts'
import { sendProblem } from './http/problem.ts'
import { healthBody, listen, serveHttp } from './http.ts'
import type { Log } from './log.ts'
import type { Module, Running } from './module.ts'
import { openSocket } from './rpc/socket.ts'
import { serveRpc } from './rpc.ts'
import type { PlatformConfig } from './settings.ts'
import type { Telemetry } from './telemetry.ts'
import type { Certificates } from './tls.ts'

export interface Doors {
  /** Where a service answers gRPC: its own address, or this process. */
  rpcAddressOf(service: ServiceName): string
  open(started: { module: Module; running: Running }[]): Promise<OpenDoors>
}
export interface OpenDoors {
  url: string
  publicUrl: string
  metricsUrl: string
  rpcAddress: string
  setReady(ready: boolean): void
  close(): Promise<void>
}

export async function createDoors(given: {
  platform: PlatformConfig
  modules: Module[]
  keys: Keys
  certificates: Certificates | undefined
  verifier: Verifier
  telemetry: Telemetry
  log: Log
  adapters: Adapters
}): Promise<Doors> {
  const { platform, verifier, telemetry, log, adapters } = given
  // One unix socket serves `self:`: real gRPC without leaving the machine.
  const socket = await openSocket(adapters.scratch)
  let ready = false
  let publicUrl = platform.PUBLIC_URL

  const readyNow = async (started: { running: Running }[]): Promise<string[]> => {
    if (!ready) throw new ServiceError('unavailable', 'The process is starting or stopping')
    await adapters.ready()
    await socket.ready()
    for (const { running } of started) await running.ready?.()
    // A cache that is away is no reason not to serve.
    const advice = await adapters.cache.advice().catch(() => undefined)
    return advice ? [advice] : []
  }

  return {
    rpcAddressOf(service) {
      const url = platform[`RPC_${service.toUpperCase()}_URL` as 'RPC_TILES_URL']
      return url === 'self:' ? `unix://${socket.path}` : url
    },
    async open(started) {
      const rpcModules = started.flatMap(({ module, running }) =>
        running.rpc ? [{ service: module.name, rpc: running.rpc }] : [],
      )
      const { certificates, keys } = given
      const { serviceSecret } = keys
      const common = { modules: rpcModules, certificates, verifier, serviceSecret, telemetry, log }
      const port = await freePort(platform.RPC_PORT, platform.PORT === 0 ? 0 : platform.PORT + 2, platform.RPC_HOST)
      const rpc = await serveRpc({ ...common, addresses: [`unix://${socket.path}`, `${platform.RPC_HOST}:${port}`] })
      const readiness = () => readyNow(started)
      const http = await serveHttp(
        {
          modules: started.map(({ module, running }) => ({ name: module.name, routes: running })),
          site: platform.SITE,
          publicUrl: () => publicUrl,
          verifier,
          telemetry,
          log,
          ready: readiness,
        },
        platform.HOST,
        platform.PORT,
      )
      publicUrl ||= `http://localhost:${http.port}`
      const metrics = await serveMetrics(platform, http.port, telemetry, readiness)
      return {
        url: `http://${platform.HOST}:${http.port}`,
        publicUrl,
        metricsUrl: `http://${platform.METRICS_HOST}:${metrics.port}/metrics`,
        rpcAddress: `${platform.RPC_HOST}:${rpc.port}`,
        setReady(value) {
          ready = value
          rpc.setServing(value)
        },
        async close() {
          await http.stop(platform.DRAIN_TIMEOUT)
          await rpc.stop()
          await metrics.stop()
          await socket.remove()
        },
      }
    },
  }
}

async function serveMetrics(
  platform: PlatformConfig,
  httpPort: number,
  telemetry: Telemetry,
  ready: () => Promise<string[]>,
) {
  const server = createServer((req, res) => {
    if (req.url === '/metrics') return telemetry.scrape(req, res)
    if (req.url === '/healthz') return void res.end('{"status":"ok"}')
    if (req.url !== '/readyz')
      return sendProblem(res, new ServiceError('not-found', 'There is nothing at this address'))
    ready().then(
      warnings => res.end(healthBody(warnings)),
      error => sendProblem(res, new ServiceError('unavailable', toServiceError(error).publicMessage)),
    )
  })
  const port = await freePort(platform.METRICS_PORT, platform.PORT === 0 ? 0 : httpPort + 1, platform.METRICS_HOST)
  await listen(server, platform.METRICS_HOST, port, { sharing: 'none' })
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** The port asked for, else the usual one when it is free, else any. */
export async function freePort(asked: number | undefined, usual: number, host: string): Promise<number> {
  if (asked !== undefined) return asked
  const probe = createServer()
  try {
    await listen(probe, host, usual)
    return usual
  } catch {
    return 0
  } finally {
    await new Promise(resolve => probe.close(resolve))
  }
}
