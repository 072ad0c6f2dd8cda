/** Annotation files from their arrival to the annotations of the slide, through the three services concerned. */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { annotations } from '@coverslip/annotations/module.ts'
import type { Deps, Running } from '@coverslip/platform/module.ts'
import { rpcAs } from '@coverslip/platform/testing/rpc.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { AnnotationsServiceDefinition } from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { SubjectsServiceDefinition } from '@coverslip/proto/gen/subjects/v1/subjects.ts'
import { subjects } from '@coverslip/subjects/module.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deidentify } from './module.ts'
import type { DeidentifyDeps } from './received.ts'
import { release } from './release.ts'

let system: TestSystem
let running: Running
let deps: DeidentifyDeps
let close: () => void
let client: Awaited<ReturnType<typeof connect>>['client']
const connect = () => rpcAs(system, 'public', 'annotations', AnnotationsServiceDefinition)

beforeAll(async () => {
  const tapped = {
    ...deidentify,
    start: async (given: Deps) => {
      deps = given as unknown as DeidentifyDeps
      running = await deidentify.start(given)
      return running
    },
  }
  system = await startSystem([tapped, annotations, subjects])
  ;({ client, close } = await connect())
})
afterAll(async () => {
  close?.()
  await system?.stop()
})

const context = { signal: new AbortController().signal, deliveryCount: 1, traceparent: undefined }
const PLANTED = 'Mustermann S12-3456'
const xml = (name = PLANTED) => `<Annotations><Annotation Id="1" Name="${name}" LineColor="255"><Regions>
  <Region Id="1" Type="0" Text="${PLANTED}" ImageLocation="\\\\server\\${PLANTED}.svs"><Vertices><Vertex X="1" Y="1"/>
  <Vertex X="9" Y="1"/><Vertex X="9" Y="9"/></Vertices></Region></Regions></Annotation></Annotations>`

async function admitted(sourceName = `${PLANTED}.svs`): Promise<string> {
  const slideId = randomUUID()
  const ingest = await rpcAs(system, 'ingest', 'subjects', SubjectsServiceDefinition)
  await ingest.client.admit({ slideId, project: 'default', sourceName, format: 'aperio' })
  ingest.close()
  return slideId
}

async function fileCame(slideId: string, text: string, name = 'annotations-1.xml'): Promise<void> {
  const sourceKey = `${slideId}/1/${name}`
  const path = join(system.data, 'source', sourceKey)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  await running.consumers!['slides.annotation_received']!.handle({ slideId, project: 'default', sourceKey }, context)
}

/** Released as a slide is, and its event seen. */
async function slideOut(slideId: string): Promise<void> {
  const said = { slideId, project: 'default', revision: 1, geometry: { width: 100, height: 100 } }
  const message = SlideDeidentified.fromPartial(said)
  await deps.db.transaction(trx => release(deps, trx, message, ''))
  await running.consumers!['slides.deidentified']!.handle(message, context)
}

async function featuresOf(slideId: string, count: number) {
  const { features } = await client.listAnnotations({ slideId }).catch(() => ({ features: [] }))
  if (features.length === count) return features.map(({ geojson }) => JSON.parse(Buffer.from(geojson).toString()))
  throw new Error(`${features.length} annotations instead of ${count}`)
}
const eventually = (slideId: string, count: number) =>
  expect.poll(() => featuresOf(slideId, count), { timeout: 10_000 })

describe('a file that came with its slide', () => {
  it('waits for the release, and goes out without names and free text', async () => {
    const slideId = await admitted()
    await fileCame(slideId, xml())
    await expect(featuresOf(slideId, 1)).rejects.toThrow()
    await slideOut(slideId)
    await slideOut(slideId)
    await eventually(slideId, 1).toMatchObject([
      {
        geometry: { type: 'Polygon' },
        properties: { metadata: { layer: 'Layer A', layerColor: '#ff0000', origin: 'came-with-slide' } },
      },
    ])
    const folder = join(system.data, 'pyramid', slideId, '1')
    const [name] = await readdir(folder)
    expect(name).toMatch(/^annotations-[0-9a-f]{8}\.geojson$/)
    expect(await readFile(join(folder, name!), 'utf8')).not.toMatch(/mustermann|3456/i)
  })

  it('goes out when it comes late, once', async () => {
    const slideId = await admitted()
    await slideOut(slideId)
    await fileCame(slideId, xml('viable tumor'))
    await fileCame(slideId, xml('viable tumor'))
    await eventually(slideId, 1).toMatchObject([{ properties: { metadata: { layer: 'viable tumor' } } }])
  })

  it('leaves what people deleted deleted when its event comes again', async () => {
    const slideId = await admitted()
    await slideOut(slideId)
    await fileCame(slideId, xml())
    await eventually(slideId, 1).toBeTruthy()
    const [feature] = (await client.listAnnotations({ slideId })).features
    const ada = { onBehalfOf: await system.token({ sub: 'ada' }) }
    await client.deleteAnnotation({ slideId, annotationId: feature!.id, ifVersion: feature!.version }, ada)
    await fileCame(slideId, `${xml()}\n`, 'annotations-2.xml')
    await new Promise(resolve => setTimeout(resolve, 300))
    expect((await client.listAnnotations({ slideId })).features).toEqual([])
  })
})

describe('a file that cannot be used', () => {
  it.each([
    ['a document type', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Annotations/>'],
    ['no annotation file', 'Mustermann'],
  ])('%s is refused, and nothing of it goes out', async (_, text) => {
    const slideId = await admitted()
    await slideOut(slideId)
    await fileCame(slideId, text)
    await expect(readdir(join(system.data, 'pyramid', slideId))).rejects.toThrow('ENOENT')
  })

  it('a layer of the vocabulary that is the subject’s name all the same is refused', async () => {
    const slideId = await admitted('stroma.svs')
    await slideOut(slideId)
    await fileCame(slideId, xml('stroma'))
    await expect(readdir(join(system.data, 'pyramid', slideId))).rejects.toThrow('ENOENT')
  })
})

it('goes with its slide', async () => {
  const slideId = await admitted()
  await slideOut(slideId)
  await fileCame(slideId, xml())
  await running.consumers!['slides.deleted']!.handle({ slideId, reason: 'withdrawn' }, context)
  await fileCame(slideId, xml(), 'annotations-3.xml')
  await slideOut(slideId)
  const left = await readdir(join(system.data, 'pyramid', slideId), { recursive: true }).catch(() => [])
  expect(left.filter(name => name.endsWith('.geojson'))).toEqual([])
})

it('says no name in any log', async () => {
  expect(await readFile(join(system.data, 'log.jsonl'), 'utf8')).not.toContain('Mustermann')
})
