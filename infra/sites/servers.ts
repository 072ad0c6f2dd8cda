/** Two real NATS servers joined by a leaf node, as the sites have them, for tests. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '@coverslip/platform/testing/ports.ts'
import { requireProgram, startServer, type TestServer } from '@coverslip/platform/testing/process.ts'
import { connect } from '@nats-io/transport-node'
import { type Cable, startCable } from './cable.ts'
import { renderCloud, renderOnPrem } from './nats.ts'

export interface Sites {
  onprem: TestServer
  cloud: TestServer
  /** The link's user at the hospital's server. */
  linkUrl: string
  /** What joins them; without TLS here, so that its record can be read. */
  cable: Cable
  stop(): Promise<void>
}

const PASSWORD = 'test-password'

/** @param program the nats-server to try; default: the one on PATH */
export async function startSites(program = requireProgram('nats-server', 'nats-server')): Promise<Sites> {
  const leafPort = await freePort()
  const cable = await startCable({ host: '127.0.0.1', port: leafPort })
  const cloud = await startNatsAt(program, 'cloud', (listen, folder) =>
    renderCloud(
      { site: 'cloud', listen, folder, password: PASSWORD },
      {
        listen: `127.0.0.1:${leafPort}`,
        advertise: `127.0.0.1:${cable.port}`,
        hospitals: [{ site: 'onprem', password: PASSWORD }],
      },
    ),
  )
  const onprem = await startNatsAt(program, 'onprem', (listen, folder) =>
    renderOnPrem(
      { site: 'onprem', listen, folder, password: PASSWORD },
      { password: PASSWORD, remote: `nats://leaf-onprem:${PASSWORD}@127.0.0.1:${cable.port}` },
    ),
  )
  return {
    onprem,
    cloud,
    linkUrl: onprem.url.replace('coverslip:', 'link:'),
    cable,
    async stop() {
      await Promise.all([onprem.stop(), cloud.stop()])
      await cable.stop()
    },
  }
}

function startNatsAt(file: string, site: string, render: (listen: string, folder: string) => string) {
  const url = (port: number): string => `nats://coverslip:${PASSWORD}@127.0.0.1:${port}`
  return startServer({
    title: `NATS of the site ${site}`,
    url,
    command(port, folder) {
      const config = join(folder, 'nats.conf')
      writeFileSync(config, render(`127.0.0.1:${port}`, folder))
      return { file, args: ['-c', config] }
    },
    async probe(port) {
      const nc = await connect({
        servers: `127.0.0.1:${port}`,
        user: 'coverslip',
        pass: PASSWORD,
        timeout: 1000,
        reconnect: false,
      })
      await nc.close()
    },
    signal: 'SIGTERM',
  })
}
