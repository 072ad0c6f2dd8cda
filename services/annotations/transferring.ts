/** The calls that take and give whole files, as streams. */
import { recordDownload } from '@coverslip/platform/erasure.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { RpcContext } from '@coverslip/platform/module.ts'
import {
  type AnnotationsServiceImplementation,
  FileFormat,
  type ImportRequest,
} from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import type { Annotation } from '@coverslip/wsi/annotation-files/annotation.ts'
import { type AnnotationFormat, formatOf } from '@coverslip/wsi/annotation-files/format.ts'
import type { Skipped } from '@coverslip/wsi/annotation-files/read-sink.ts'
import type { By } from './columns.ts'
import type { AnnotationsDeps } from './deps.ts'
import { chunked, exportAsap, exportGeoJson, exportImageScope } from './export.ts'
import { type Imported, importFile, type PlacedDraft } from './import.ts'
import { listAnnotations } from './listing.ts'
import { toId } from './rpc.ts'
import { createAnnotations } from './store.ts'

type Transferring = Pick<AnnotationsServiceImplementation<RpcContext>, 'export' | 'import'>

const CHUNK_BYTES = 2 ** 20
const EXPORT_PAGE = 1000
/** Annotations of one transaction: a large import must not hold up everybody else's changes until its end. */
const BATCH = 2000
/** Reasons told one by one; an answer has to fit into one message. */
const MOST_REASONS = 1000

export function transferring(deps: AnnotationsDeps): Transferring {
  return {
    async *export({ slideId, format, mpp }, { principal }) {
      // Whoever took a copy is named when the slide is withdrawn.
      await recordDownload(deps.db.query, { thing: slideId, user: principal.userId, what: 'annotations' })
      const pages = pagesOf(deps, toId(slideId, 'slide'))
      const pieces = exported(format, pages, mpp)
      for await (const chunk of chunked(pieces, CHUNK_BYTES)) yield { chunk }
    },
    async import(requests, context) {
      const user = context.principal.userId
      const { slideId, format, bytes } = await receive(requests, deps.config.ANNOTATIONS_IMPORT_MAX_BYTES)
      const known = formatFor(format, bytes)
      const imported = await importFile(known, bytes, slideId, deps.config.ANNOTATIONS_MAX_VERTICES)
      const origin = `imported-${known}` as const
      const { count, refused, seq } = await save(deps, slideId, imported, { user, origin, at: new Date() })
      return { imported: count, skipped: reasons([...imported.skipped, ...refused]), seq: BigInt(seq) }
    },
  }
}

function exported(format: FileFormat, pages: AsyncIterable<Annotation[]>, mpp: number): AsyncGenerator<string> {
  if (format === FileFormat.IMAGESCOPE_XML) return exportImageScope(pages, mpp)
  if (format === FileFormat.ASAP_XML) return exportAsap(pages)
  if (format === FileFormat.GEOJSON) return exportGeoJson(pages)
  throw unknownFormat()
}

/** XML says by its root element whose it is. */
function formatFor(format: FileFormat, bytes: Uint8Array): AnnotationFormat {
  if (format === FileFormat.GEOJSON) return 'geojson'
  if (format === FileFormat.ASAP_XML) return 'asap'
  if (format === FileFormat.IMAGESCOPE_XML) return formatOf(bytes) === 'asap' ? 'asap' : 'imagescope'
  throw unknownFormat()
}

const unknownFormat = (): ServiceError =>
  new ServiceError('unsupported', 'The format is neither GeoJSON nor ImageScope XML nor ASAP XML')

async function* pagesOf({ db }: AnnotationsDeps, slideId: string): AsyncGenerator<Annotation[]> {
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await listAnnotations(db.query, slideId, { after, limit: EXPORT_PAGE })
    yield page.annotations
    after = page.next
  }
}

interface Received {
  slideId: string
  format: FileFormat
  bytes: Uint8Array
}

/** @throws ServiceError `too-large`, `invalid` for a stream without anything */
async function receive(requests: AsyncIterable<ImportRequest>, maxBytes: number): Promise<Received> {
  let first: ImportRequest | undefined
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const request of requests) {
    first ??= request
    length += request.chunk.length
    if (length > maxBytes)
      throw new ServiceError('too-large', `The file is larger than ${Math.floor(maxBytes / 2 ** 20)} MiB`)
    chunks.push(request.chunk)
  }
  if (!first) throw new ServiceError('invalid', 'Nothing was sent')
  return { slideId: toId(first.slideId, 'slide'), format: first.format, bytes: Buffer.concat(chunks) }
}

/**
 * Saves batch by batch. An import that is interrupted is completed by repeating it: entries keep their ids, and those
 * that are there already are left as they are. What was deleted since comes back; what was changed since stays changed.
 */
async function save(
  deps: AnnotationsDeps,
  slideId: string,
  { drafts }: Imported,
  by: By,
): Promise<{ count: number; refused: Skipped[]; seq: number }> {
  const refused: Skipped[] = []
  let seq = 0
  for (let at = 0; at === 0 || at < drafts.length; at += BATCH) {
    const batch: PlacedDraft[] = drafts.slice(at, at + BATCH)
    const saved = await deps.db.transaction(async trx => {
      const result = await createAnnotations(trx, slideId, batch, by, { restores: true })
      if (result.isChanged) await deps.publish(trx, 'annotations.changed', { slideId, seq: BigInt(result.seq) })
      return result
    })
    seq = saved.seq
    for (const [i, outcome] of saved.outcomes.entries()) {
      if (outcome === 'differs') refused.push({ place: batch[i]!.place, reason: DIFFERS })
    }
  }
  return { count: drafts.length - refused.length, refused, seq }
}

const DIFFERS = 'it is on the slide already and was changed there; the change is kept'

function reasons(skipped: readonly Skipped[]): string[] {
  const told = skipped.slice(0, MOST_REASONS).map(({ place, reason }) => `${place}: ${reason}`)
  return skipped.length > MOST_REASONS ? [...told, `and ${skipped.length - MOST_REASONS} more`] : told
}
