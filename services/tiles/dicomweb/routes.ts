/**
 * DICOMweb, read-only (PS3.18): a slide is a study, a rendition of it a series, a level an instance, a tile a frame.
 * Lists name the rendition to show now; identifiers of the others go on being answered.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Db } from '@coverslip/platform/db/port.ts'
import { unknownThing } from '@coverslip/platform/errors.ts'
import type { HttpAnswer, HttpCall, HttpHandler, RawHttpHandler } from '@coverslip/platform/module.ts'
import { notModified, sendRefusal } from '../hot/answer.ts'
import { etagOf, FOR_A_MINUTE, FOR_EVER, SAFE_HEADERS } from '../hot/headers.ts'
import type { Rendition } from '../renditions/rendition.ts'
import type { ServedRendition, Tables } from '../store.ts'
import { acceptedAs } from './accept.ts'
import { type Attributes, attributes } from './attributes.ts'
import { type FrameParts, readFrame, readFrameList } from './frames.ts'
import { codingOf, describeInstance, identityOf, JPEG_BASELINE, MODALITY } from './instance.ts'
import { writeParts } from './multipart.ts'
import { describeStudy, findSlides, matches, readSearch } from './search.ts'
import { instanceUid, seriesUid, slideOf, studyUid } from './uids.ts'

export interface DicomWebParts extends FrameParts {
  db: Db<Tables>
}

const STUDY = '/dicomweb/studies/{study}'
const SERIES = `${STUDY}/series/{series}`
const INSTANCE = `${SERIES}/instances/{instance}`
const FRAME_TYPE = `image/jpeg; transfer-syntax=${JPEG_BASELINE}`

interface Shown {
  served: ServedRendition
  opened: Rendition
}

export function dicomWebRoutes(parts: DicomWebParts): {
  routes: Record<string, HttpHandler>
  raw: Record<string, RawHttpHandler>
} {
  const { slides, db } = parts

  /** The rendition that the path's study and series name; of a study alone, the one to show now. */
  async function shown(call: HttpCall): Promise<Shown> {
    const slideId = slideOf(call.params.study!)
    if (!slideId) throw unknownThing()
    const slide = await slides.find(slideId)
    call.allow({ project: slide.project, slide: slideId })
    const { series } = call.params
    const served =
      series === undefined
        ? slide.renditions[0]
        : slide.renditions.find(({ name }) => seriesUid(slideId, name) === series)
    if (!served) throw unknownThing()
    return { served, opened: await slides.open(served) }
  }

  function levelOf({ served, opened }: Shown, call: HttpCall): number {
    const level = opened.levels.findIndex(
      (_, index) => instanceUid(served.slideId, served.name, index) === call.params.instance,
    )
    if (level === -1) throw unknownThing()
    return level
  }

  async function describe({ served, opened }: Shown, level: number, signal: AbortSignal): Promise<Attributes> {
    const frame = await readFrame(parts, { served, opened }, level, 0, signal)
    const coding = codingOf(frame)
    const ratio = (opened.tileSize ** 2 * coding.samples) / frame.length
    return describeInstance(served.slideId, opened, level, { coding, ratio })
  }

  const all: HttpHandler = async call => {
    const found = await shown(call)
    return answer(await Promise.all(found.opened.levels.map((_, level) => describe(found, level, call.signal))))
  }

  const instances: HttpHandler = async call => {
    const { served, opened } = await shown(call)
    const search = readSearch(searchOf(call))
    const found = opened.levels.map((level, index) => ({
      ...identityOf(served.slideId, served.name, index),
      ...attributes({
        Rows: opened.tileSize,
        Columns: opened.tileSize,
        NumberOfFrames: level.columns * level.rows,
        TotalPixelMatrixColumns: level.width,
        TotalPixelMatrixRows: level.height,
      }),
    }))
    return answer(found.filter(one => matches(search, one)).slice(search.offset, search.offset + search.limit))
  }

  return {
    routes: {
      'GET /dicomweb/studies': async call => {
        const found = await findSlides(db, call.projects(), readSearch(searchOf(call)))
        return answer(found.map(describeStudy))
      },
      [`GET ${STUDY}/series`]: async call => {
        const { served, opened } = await shown(call)
        const series = attributes({
          Modality: MODALITY,
          StudyInstanceUID: studyUid(served.slideId),
          SeriesInstanceUID: seriesUid(served.slideId, served.name),
          SeriesNumber: 1,
          NumberOfSeriesRelatedInstances: opened.levels.length,
        })
        return answer([series].filter(one => matches(readSearch(searchOf(call)), one)))
      },
      [`GET ${STUDY}/instances`]: instances,
      [`GET ${SERIES}/instances`]: instances,
      [`GET ${STUDY}/metadata`]: all,
      [`GET ${SERIES}/metadata`]: all,
      [`GET ${INSTANCE}/metadata`]: async call => {
        const found = await shown(call)
        return answer([await describe(found, levelOf(found, call), call.signal)])
      },
    },
    raw: {
      [`GET ${INSTANCE}/frames/{frames}`]: async (call, req, res) => {
        const found = await shown(call)
        const level = levelOf(found, call)
        const { columns, rows } = found.opened.levels[level]!
        const frames = readFrameList(call.params.frames!, columns * rows)
        const wanted = acceptedAs(req.headers.accept)
        if (!wanted || (wanted === 'single' && frames.length !== 1)) return sendRefusal(res, NOT_ACCEPTABLE)
        const read = (index: number) => readFrame(parts, found, level, frames[index]!, call.signal)
        const etag = etagOf(found.served, `frames-${level}-${call.params.frames}-${wanted}`)
        if (notModified(req, res, etag)) return
        await sendFrames({ req, res }, { wanted, etag, count: frames.length, read })
      },
    },
  }
}

async function sendFrames(
  { req, res }: { req: IncomingMessage; res: ServerResponse },
  {
    wanted,
    etag,
    count,
    read,
  }: { wanted: 'parts' | 'single'; etag: string; count: number; read(index: number): Promise<Buffer> },
): Promise<void> {
  const headers = { ...SAFE_HEADERS, 'cache-control': FOR_EVER, vary: 'accept', etag }
  // What cannot be read must be known before the status goes out.
  const first = await read(0)
  if (wanted === 'single') {
    res.writeHead(200, { ...headers, 'content-type': FRAME_TYPE, 'content-length': first.length })
    res.end(req.method === 'HEAD' ? undefined : first)
    return
  }
  const boundary = `frames-${etag.replaceAll(/[^\w-]/g, '').slice(0, 24)}`
  res.writeHead(200, { ...headers, 'content-type': `multipart/related; type="image/jpeg"; boundary=${boundary}` })
  if (req.method === 'HEAD') return void res.end()
  const part = (index: number) => (index === 0 ? Promise.resolve(first) : read(index))
  // The status is out: all that is left to say is that the answer is not complete.
  await writeParts(res, { boundary, type: FRAME_TYPE, count, part }).catch(() => res.destroy())
}

const NOT_ACCEPTABLE = {
  status: 406,
  title: 'Not acceptable',
  code: 'not-acceptable',
  detail: 'Frames are JPEG Baseline: accept multipart/related; type="image/jpeg", or image/jpeg for a single one',
}

const answer = (found: Attributes[]): HttpAnswer => ({
  headers: { 'content-type': 'application/dicom+json', 'cache-control': FOR_A_MINUTE, ...SAFE_HEADERS },
  body: JSON.stringify(found),
})

/** Attributes may be asked for twice, which the parsed query would not show. */
const searchOf = ({ stream }: HttpCall): URLSearchParams => new URL(stream.url ?? '/', 'http://base').searchParams
