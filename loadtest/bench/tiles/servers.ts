/** The tiles service, started for a comparison. */
import { join } from 'node:path'
import type { TestServer } from '@coverslip/platform/testing/process.ts'
import { startNode } from '../../../services/e2e/node-process.ts'

/** The tiles service with all that it has switched on. */
export function startTiles(
  title: string,
  given: { data: string; database: string; settings?: Record<string, string> },
): Promise<TestServer> {
  return startNode(title, 'services/tiles/main.ts', () => ({
    COVERSLIP_DATA: given.data,
    SCRATCH_DIR: join(given.data, `scratch-${title.replaceAll(/\W+/g, '-')}`),
    DATABASE_URL: given.database,
    METRICS_PORT: '0',
    RPC_PORT: '0',
    LOG_FILE: join(given.data, 'tiles.jsonl'),
    ...given.settings,
  }))
}
