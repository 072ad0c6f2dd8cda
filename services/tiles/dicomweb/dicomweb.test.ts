/** DICOMweb over HTTP: what lists tell, that attributes fit the frames, and that frames are the stored tiles. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { frameSize } from '@coverslip/wsi/jpeg.ts'
import { decodeRgb } from '@coverslip/wsi/turbojpeg.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tiles } from '../module.ts'
import { makeServedSlides } from '../testing/served-slide.ts'
import type { Attributes } from './attributes.ts'
import { instanceUid, seriesUid, studyUid } from './uids.ts'

let data: string
let system: TestSystem
let ids: string[]
let study: string
let instance: string

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'coverslip-dicomweb-'))
  const made = await makeServedSlides(data, { width: 700, height: 600, count: 3 })
  ids = made.map(({ slideId }) => slideId)
  study = `/dicomweb/studies/${studyUid(ids[0]!)}`
  instance = `${study}/series/${seriesUid(ids[0]!, '1')}/instances/${instanceUid(ids[0]!, '1', 0)}`
  system = await startSystem([tiles], { data })
})
afterAll(async () => {
  await system?.stop()
  await rm(data, { recursive: true, force: true })
})

async function list(path: string, token?: string): Promise<Attributes[]> {
  const answer = await system.fetch(path, token ? { token } : {})
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/dicom+json'])
  return (await answer.json()) as Attributes[]
}

const valuesOf = (found: Attributes[], tag: string) => found.map(one => one[tag]?.Value?.[0])
const frame = (numbers: string, accept?: string) =>
  system.fetch(`${instance}/frames/${numbers}`, accept ? { headers: { accept } } : {})

/** The parts of a multipart answer, by its boundary. */
async function partsOf(answer: Response): Promise<Buffer[]> {
  const boundary = /boundary=([\w-]+)/.exec(answer.headers.get('content-type')!)![1]!
  const bytes = Buffer.from(await answer.arrayBuffer())
  const found: Buffer[] = []
  let at = bytes.indexOf(`--${boundary}\r\n`)
  while (at !== -1) {
    const start = bytes.indexOf('\r\n\r\n', at) + 4
    const length = Number(/Content-Length: (\d+)/.exec(bytes.subarray(at, start).toString())![1])
    found.push(bytes.subarray(start, start + length))
    at = bytes.indexOf(`--${boundary}\r\n`, start + length)
  }
  expect(bytes.subarray(-boundary.length - 6).toString()).toBe(`--${boundary}--\r\n`)
  return found
}

describe('lists', () => {
  test('name the slides of the caller’s projects, page by page', async () => {
    const uids = ids.map(studyUid).sort()
    expect(valuesOf(await list('/dicomweb/studies'), '0020000D').sort()).toEqual(uids)
    const pages = [...(await list('/dicomweb/studies?limit=2')), ...(await list('/dicomweb/studies?limit=2&offset=2'))]
    expect(valuesOf(pages, '0020000D').sort()).toEqual(uids)
    expect(await list('/dicomweb/studies', await system.token({ roles: { elsewhere: 'viewer' } }))).toEqual([])
  })

  test('are filtered by UID, class and modality, by keyword or tag', async () => {
    const uid = studyUid(ids[1]!)
    expect(valuesOf(await list(`/dicomweb/studies?StudyInstanceUID=${uid}`), '0020000D')).toEqual([uid])
    expect(valuesOf(await list(`/dicomweb/studies?0020000D=${uid}`), '0020000D')).toEqual([uid])
    expect(await list(`/dicomweb/studies?StudyInstanceUID=${studyUid(randomUUID())}`)).toEqual([])
    expect(await list('/dicomweb/studies?ModalitiesInStudy=CT')).toEqual([])
    expect(await list('/dicomweb/studies?PatientID=1')).toEqual([])
    expect(await list(`${study}/instances?00080016=1.2.840.10008.5.1.4.1.1.77.1.6&00080060=SM`)).toHaveLength(3)
    expect(await list(`${study}/instances?Modality=ANN`)).toEqual([])
    expect(
      await list(`${study}/instances?SeriesInstanceUID=2.25.1&SeriesInstanceUID=${seriesUid(ids[0]!, '1')}`),
    ).toHaveLength(3)
  })

  test.each(['/dicomweb/studies?Colour=red', '/dicomweb/studies?limit=x'])('%s is refused', async path => {
    expect((await system.fetch(path)).status).toBe(400)
  })
})

describe('metadata', () => {
  test('tell the size of each level, its frames and its spacing', async () => {
    const found = await list(`${study}/metadata`)
    expect(valuesOf(found, '00480006')).toEqual([700, 350, 175])
    expect(valuesOf(found, '00480007')).toEqual([600, 300, 150])
    expect(valuesOf(found, '00280008')).toEqual([9, 4, 1])
    expect(valuesOf(found, '00209311')).toEqual(['TILED_FULL', 'TILED_FULL', 'TILED_FULL'])
    expect(new Set(valuesOf(found, '00080018')).size).toBe(3)
    expect(await list(`${instance}/metadata`)).toEqual([found[0]])
  })

  test('hold nothing about a patient', async () => {
    const [found] = await list(`${instance}/metadata`)
    for (const tag of ['00100010', '00100020', '00100030', '00100040', '00080020', '00080050']) {
      expect(found![tag]).toEqual({ vr: found![tag]!.vr })
    }
  })
})

describe('frames', () => {
  test('inside a level are the stored tile, byte by byte', async () => {
    const tile = await system.fetch(`/tiles/${ids[0]}/1/0/1_1`)
    const answer = await frame('5', 'image/jpeg')
    expect(answer.headers.get('content-type')).toBe('image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50')
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(await tile.arrayBuffer()))
  })

  test('at the edge have the full size, and the pixels of the tile in the slide', async () => {
    const bytes = Buffer.from(await (await frame('9', 'image/jpeg')).arrayBuffer())
    expect(frameSize(bytes)).toMatchObject({ width: 256, height: 256 })
    const clipped = decodeRgb(Buffer.from(await (await system.fetch(`/tiles/${ids[0]}/1/0/2_2`)).arrayBuffer()))
    expect([clipped.width, clipped.height]).toEqual([700 - 512, 600 - 512])
    expect(decodeRgb(bytes).data.subarray(0, 3)).toEqual(clipped.data.subarray(0, 3))
  })

  test('come in the order of the list, as parts', async () => {
    const answer = await frame('9,1,5')
    expect(answer.headers.get('content-type')).toMatch(/^multipart\/related; type="image\/jpeg"; boundary=/)
    const parts = await partsOf(answer)
    const single = async (number: number) =>
      Buffer.from(await (await frame(String(number), 'image/jpeg')).arrayBuffer())
    expect(parts).toEqual([await single(9), await single(1), await single(5)])
  })

  test('are not sent again to who has them', async () => {
    const etag = (await frame('1')).headers.get('etag')!
    const again = await system.fetch(`${instance}/frames/1`, { headers: { 'if-none-match': etag } })
    expect(again.status).toBe(304)
  })

  test.each([
    ['0', 400],
    ['1,', 400],
    ['1;2', 400],
    ['10', 404],
    [Array.from({ length: 4097 }, () => 1).join(), 400],
  ])('%s is refused with %i', async (numbers, status) => {
    expect((await frame(numbers)).status).toBe(status)
  })

  test('are refused in another coding, and as one picture where several are wanted', async () => {
    expect((await frame('1', 'image/jp2')).status).toBe(406)
    expect((await frame('1,2', 'image/jpeg')).status).toBe(406)
  })
})

test('nothing is stored this way', async () => {
  expect((await system.fetch('/dicomweb/studies', { method: 'POST' })).status).toBe(405)
})
