/** One Node process of Coverslip under test: started with settings, ready when /readyz says so. */
import { join } from 'node:path'
import { startServer, type TestServer } from '@coverslip/platform/testing/process.ts'

const ROOT = new URL('../..', import.meta.url).pathname
/** As infra/start.sh sets them. */
const STARTED_WITH = { UV_THREADPOOL_SIZE: '16', MALLOC_ARENA_MAX: '2', NODE_OPTIONS: '--max-semi-space-size=16' }

/** @param main path of the main.ts below the repository */
export function startNode(
  title: string,
  main: string,
  settings: (port: number) => Record<string, string>,
): Promise<TestServer> {
  return startServer({
    title,
    url: port => `http://127.0.0.1:${port}`,
    command: port => ({
      file: process.execPath,
      args: [join(ROOT, main)],
      env: { ...cleanEnvironment(), ...STARTED_WITH, PORT: String(port), ...settings(port) },
    }),
    async probe(port) {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
      if (!answer.ok) throw new Error(`not ready: ${answer.status}`)
    },
    signal: 'SIGTERM',
  })
}

/** Settings of the developer's shell must not leak into the system under test. */
function cleanEnvironment(): Record<string, string> {
  const hidden = [
    'COVERSLIP_',
    'DATABASE_URL',
    'BUS_URL',
    'CACHE_URL',
    'OBJECTS_',
    'RPC_',
    'PORT',
    'LOG_',
    'PUBLIC_URL',
    'OIDC_',
    'SIGN_IN_LINKS',
    'TLS_',
  ]
  const blank = Object.keys(process.env).filter(name => hidden.some(prefix => name.startsWith(prefix)))
  return Object.fromEntries(blank.map(name => [name, undefined as unknown as string]))
}
