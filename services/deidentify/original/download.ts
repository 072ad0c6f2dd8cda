import { createHash } from 'node:crypto'
import { extname } from 'node:path'
import { recordDownload } from '@coverslip/platform/erasure.ts'
import { ServiceError, unknownThing } from '@coverslip/platform/errors.ts'
import { type Download, rangeAnswer } from '@coverslip/platform/http/range.ts'
import type { HttpHandler } from '@coverslip/platform/module.ts'
import type { ObjectInfo } from '@coverslip/platform/objects/port.ts'
import { uuid } from '@coverslip/proto/api.ts'
import { findRelease } from '../naming/store.ts'
import type { DeidentifyDeps } from '../received.ts'
import { findSlide, type SlideRecord } from '../store.ts'
import { crcOf, layOutZip, readZip, type ZippedFile } from './zip.ts'

async function find({ db }: DeidentifyDeps, id: string | undefined): Promise<SlideRecord> {
  // Not a UUID: asking the database would be an error there.
  const slide = uuid.safeParse(id).success ? await findSlide(db.query, id!) : undefined
  if (slide?.state !== 'done') throw unknownThing()
  return slide
}

/** GET /api/slides/{id}/original: the de-identified slide in the vendor's format, whole or in ranges; MRXS as a zip. */
export const downloadOriginal = (deps: DeidentifyDeps): HttpHandler => {
  const checksums = new Map<string, Promise<number>>()
  return async call => {
    const slide = await find(deps, call.params.id)
    call.allow({ project: slide.project, slide: slide.slideId })
    if (slide.file?.rendition !== 'original') {
      throw new ServiceError('not-found', 'There is no de-identified original for this format yet')
    }
    const { key, bytes, sha256 } = slide.file
    const more = await filesBeside(deps, key)
    // Released before slides had names: its id.
    const name = (await findRelease(deps.db.query, slide.slideId))?.name ?? slide.slideId
    // Whoever took a copy is named when the slide is withdrawn.
    await recordDownload(deps.db.query, { thing: slide.slideId, user: call.principal.userId, what: 'original' })
    if (more.length > 0) {
      return rangeAnswer(call, await zipOf(deps, name, [{ key, size: bytes }, ...more], checksums))
    }
    return rangeAnswer(call, {
      size: bytes,
      etag: `"${sha256}"`,
      type: 'application/octet-stream',
      fileName: `${name}${extname(key)}`,
      open: range => deps.objects.original.stream(key, range),
    })
  }
}

/** What a slide consists of besides its main file: the folder of the same stem. */
async function filesBeside({ objects }: DeidentifyDeps, key: string): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = []
  for await (const object of objects.original.list(`${stemOf(key)}/`)) found.push(object)
  return found
}

const stemOf = (key: string): string => key.slice(0, key.length - extname(key).length)

/**
 * The main file and its folder, called by the slide's name, as readers want to find them beside each other.
 * @param checksums by key, as far as they are known: objects never change, and reading them takes as long as sending
 */
async function zipOf(
  { objects }: DeidentifyDeps,
  stem: string,
  files: readonly ObjectInfo[],
  checksums: Map<string, Promise<number>>,
): Promise<Download> {
  const stored = stemOf(files[0]!.key)
  const zipped: ZippedFile[] = []
  for (const { key, size } of files) {
    const name = `${stem}${key.slice(stored.length)}`
    zipped.push({
      name,
      size,
      crc: await remembered(checksums, key, async () => crcOf(await objects.original.stream(key))),
    })
  }
  const layout = layOutZip(zipped)
  return {
    size: layout.size,
    etag: `"${createHash('sha256').update(layout.directory).digest('hex')}"`,
    type: 'application/zip',
    fileName: `${stem}.zip`,
    open: async range => readZip(layout, range, (file, part) => objects.original.stream(files[file]!.key, part)),
  }
}

/** Enough for the downloads of a day; the oldest goes. */
const MOST_CHECKSUMS = 10_000

/** Each key is worked on once, however many ask at the same time. */
function remembered(known: Map<string, Promise<number>>, key: string, work: () => Promise<number>): Promise<number> {
  const found = known.get(key)
  if (found) return found
  const begun = work()
  known.set(key, begun)
  begun.catch(() => known.delete(key))
  if (known.size > MOST_CHECKSUMS) known.delete(known.keys().next().value!)
  return begun
}
