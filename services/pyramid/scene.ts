/** A pyramid service for tests, without a bus: the test carries the events. */
import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServiceError } from '@coverslip/platform/errors.ts'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import { openTestDeps, type TestDeps } from '@coverslip/platform/testing/deps.ts'
import type { EventMessage } from '@coverslip/proto/flow.ts'
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { Rendition } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { onAssemblyWanted } from './assembly-wanted.ts'
import { config } from './config.ts'
import { onDeidentified, onDeleted } from './deidentified.ts'
import type { PyramidDeps } from './deps.ts'
import { pyramids } from './migrations/001-pyramids.ts'
import { builds } from './migrations/002-builds.ts'
import { workers } from './migrations/003-workers.ts'
import { failBuild } from './outcome.ts'
import { onPartWanted } from './part-wanted.ts'
import { openWorkshop, type Workshop } from './workshop.ts'

export type Task =
  | { name: 'pyramid.part_wanted'; message: EventMessage<'pyramid.part_wanted'> }
  | { name: 'pyramid.assembly_wanted'; message: EventMessage<'pyramid.assembly_wanted'> }

export interface Scene {
  test: TestDeps<PyramidDeps>
  deps: PyramidDeps
  workshop: Workshop
  /** Changes settings, from the next event on. */
  configure(settings: Partial<PyramidDeps['config']>): void
  /** Puts a file into the store of originals. */
  deidentified(file: string, width: number, height: number): Promise<SlideDeidentified>
  /** Handles slides.deidentified only. */
  plan(message: SlideDeidentified): Promise<void>
  /** Tasks that were asked for since the last call. */
  asked(): Promise<Task[]>
  /** Handles one task as a worker does. */
  work(task: Task, signal?: AbortSignal): Promise<void>
  /** What happens when a task fails for good. */
  fail(task: Task, error: ServiceError): Promise<void>
  /** Handles slides.deidentified and all that follows. */
  handle(message: SlideDeidentified): Promise<void>
  delete(slideId: string): Promise<void>
  /** Keys in objects.pyramid. */
  stored(slideId: string): Promise<string[]>
  /** What was told of a slide beside tasks. */
  told(slideId: string): Promise<Awaited<ReturnType<TestDeps<PyramidDeps>['events']>>>
  close(): Promise<void>
}

export const context = (signal = new AbortController().signal) => ({ signal, deliveryCount: 1, traceparent: undefined })

export async function openScene(environment: Record<string, string> = {}): Promise<Scene> {
  const migrations = [pyramids, builds, workers]
  const test = await openTestDeps<PyramidDeps>({ name: 'pyramid', config, migrations, environment })
  const { deps } = test
  const workshop = openWorkshop(deps)
  let seen = 0
  const scene: Scene = {
    test,
    deps,
    workshop,
    configure: settings => void Object.assign(deps.config, settings),
    async deidentified(file, width, height) {
      const slideId = randomUUID()
      const key = `${slideId}/1/original.svs`
      const path = join(test.data, 'original', key)
      await mkdir(join(path, '..'), { recursive: true })
      await copyFile(file, path)
      const { size } = await stat(path)
      return {
        slideId,
        revision: 1,
        project: 'default',
        rendition: Rendition.ORIGINAL,
        file: { key, bytes: BigInt(size), sha256: await fileSha256(path) },
        format: 'aperio',
        geometry: { width, height, levels: [] },
        pseudonyms: undefined,
        sourceBytes: BigInt(size),
        reportJson: '{}',
        release: undefined,
        material: undefined,
        moreFiles: [],
      }
    },
    plan: message => onDeidentified(deps, workshop).handle(message, context()),
    async asked() {
      const events = await test.events()
      const fresh = events.slice(seen)
      seen = events.length
      return fresh.filter((event): event is Task => event.name.startsWith('pyramid.'))
    },
    async work(task, signal) {
      if (task.name === 'pyramid.part_wanted') {
        return onPartWanted(deps, workshop).handle(task.message, context(signal))
      }
      return onAssemblyWanted(deps, workshop).handle(task.message, context(signal))
    },
    async fail({ message }, error) {
      await failBuild(deps, workshop, message, error)
    },
    async handle(message) {
      await scene.asked()
      await scene.plan(message)
      for (let tasks = await scene.asked(); tasks.length > 0; tasks = await scene.asked()) {
        for (const task of tasks) await scene.work(task)
      }
    },
    delete: slideId => onDeleted(deps, workshop).handle({ slideId, reason: 'deleted' }, context()),
    async stored(slideId) {
      const keys: string[] = []
      for await (const { key } of deps.objects.pyramid.list(`${slideId}/`)) keys.push(key)
      return keys
    },
    async told(slideId) {
      const events = await test.events()
      return events.filter(
        ({ name, message }) => !name.startsWith('pyramid.') && 'slideId' in message && message.slideId === slideId,
      )
    },
    async close() {
      await workshop.close()
      await test.close()
    },
  }
  return scene
}
