/** Starts modules for a test: a data folder of their own, free ports, real embedded adapters, tokens of any user. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { NewClaims } from '../auth/token.ts'
import type { Module } from '../module.ts'
import { type System, start } from '../run.ts'
import { emptyDatabase } from './database.ts'
import { mintToken } from './tokens.ts'

export interface TestSystem extends System {
  /** The data folder. */
  data: string
  /** A signed API token; by default an owner of everything, for an hour. */
  token(claims?: Partial<NewClaims>): Promise<string>
  /** fetch() with a path, as the owner unless other credentials are given. */
  fetch(path: string, init?: RequestInit & { token?: string | null }): Promise<Response>
  /** Stops and removes the data folder, unless it was given. */
  stop(): Promise<void>
}

/**
 * @param options.environment settings beside the defaults of tests
 * @param options.data an existing data folder (a restart); it is kept at the stop
 */
export async function startSystem(
  modules: Module[],
  options: { environment?: Record<string, string>; data?: string; spanExporter?: SpanExporter } = {},
): Promise<TestSystem> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'coverslip-test-')))
  const isNew = !options.environment?.DATABASE_URL && !existsSync(join(data, 'db'))
  if (isNew) await emptyDatabase(join(data, 'db'))
  const environment = {
    COVERSLIP_DATA: data,
    PORT: '0',
    METRICS_PORT: '0',
    RPC_PORT: '0',
    LOG_FILE: join(data, 'log.jsonl'),
    DRAIN_TIMEOUT: '2s',
    ...options.environment,
  }
  const system = await start(modules, {
    environment,
    signals: false,
    ...(options.spanExporter ? { spanExporter: options.spanExporter } : {}),
  })
  const token = (claims: Partial<NewClaims> = {}): Promise<string> => mintToken(join(data, 'keys/signing.pem'), claims)
  return {
    ...system,
    data,
    token,
    async fetch(path, { token: given, ...init } = {}) {
      const headers = new Headers(init.headers)
      if (given !== null) headers.set('authorization', `Bearer ${given ?? (await token())}`)
      return fetch(`${system.url}${path}`, { redirect: 'manual', ...init, headers })
    },
    async stop() {
      await system.stop()
      if (!options.data) await rm(data, { recursive: true, force: true })
    },
  }
}
