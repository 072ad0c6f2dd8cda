/** A stage between two folders with an embedded database, and slides to put on it; for tests. */

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Deps } from '@coverslip/platform/module.ts'
import { openTestDeps, type TestDeps } from '@coverslip/platform/testing/deps.ts'
import { Geometry } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { config } from '../config.ts'
import { migrations } from '../migrations/index.ts'
import { saveRendition, type Tables } from '../store.ts'
import { type Stage, type StageDeps, startStage } from './stage.ts'

export type Scene = TestDeps<Deps<Tables, typeof config, { pyramid: 'write'; stage: 'write' }>>

export const openScene = (): Promise<Scene> => openTestDeps({ name: 'tiles', config, migrations })

export const bodyOf = (bytes: number): Buffer => randomBytes(bytes)

/** A row of a pyramid; `sha256` may be given wrong. */
export function renditionOf(given: {
  slideId?: string
  revision?: number
  project?: string
  body: Buffer
  sha256?: string | undefined
}): Parameters<typeof saveRendition>[1] {
  const { slideId = randomUUID(), revision = 1, project = 'default', body } = given
  const size = { width: 1000, height: 800 }
  return {
    ...{ slideId, project, revision, kind: 'pyramid', format: 'generic-tiff', moreKeys: [], tileSize: 256, ...size },
    key: `${slideId}/${revision}/pyramid.tiff`,
    bytes: body.length,
    sha256: given.sha256 ?? createHash('sha256').update(body).digest('hex'),
    geometry: Geometry.fromPartial(size),
  }
}

/** A pyramid of random bytes, stored and served. */
export async function addSlide(
  { deps }: Scene,
  given: { slideId?: string; revision?: number; bytes?: number; sha256?: string } = {},
): Promise<{ slideId: string; key: string; body: Buffer }> {
  const body = bodyOf(given.bytes ?? 100_000)
  const rendition = renditionOf({ ...given, body })
  await deps.objects.pyramid.put(rendition.key, body)
  await saveRendition(deps.db, rendition, undefined)
  return { slideId: rendition.slideId, key: rendition.key, body }
}

/** A process of tiles, as far as the stage is concerned. */
export function openStage({ deps }: Scene, changed: Partial<StageDeps> = {}): Stage {
  const { db, log, telemetry, objects } = deps
  const { pyramid, stage } = objects
  return startStage({
    ...{ db, log, telemetry, pyramid, stage, quota: 1_000_000, rate: 1e9, copies: 1, calmMs: 0, spared: () => {} },
    openFiles: 3,
    ...changed,
  })
}

/** The state of each row of the stage by key. */
export async function statesOf({ deps }: Scene): Promise<Record<string, string>> {
  const rows = await deps.db.query.selectFrom('staged').select(['object_key', 'state']).execute()
  return Object.fromEntries(rows.map(row => [row.object_key, row.state]))
}
