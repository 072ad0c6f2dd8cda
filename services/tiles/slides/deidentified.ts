/**
 * slides.deidentified: the slide has its name; at the site that holds the original it can be viewed before its pyramid is
 * there.
 */
import type { Db } from '@coverslip/platform/db/port.ts'
import type { Consumer } from '@coverslip/platform/module.ts'
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { Rendition as RenditionOf } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { openOriginal, type RenditionStores } from '../renditions/open.ts'
import type { Rendition } from '../renditions/rendition.ts'
import {
  findSlide,
  renditionName,
  type ServedRendition,
  saveReleaseName,
  saveRendition,
  type Tables,
} from '../store.ts'
import type { OpenSlides } from './slides.ts'

export interface OriginalParts {
  db: Db<Tables>
  slides: OpenSlides
  stores: RenditionStores
}

export const onDeidentified = (parts: OriginalParts): Consumer<'slides.deidentified'> => ({
  async handle(event, { traceparent }) {
    if (event.release) await saveReleaseName(parts.db, event, event.release.name)
    await serveOriginal(parts, event, traceparent)
  },
})

async function serveOriginal(
  { db, slides, stores }: OriginalParts,
  event: SlideDeidentified,
  traceparent: string | undefined,
): Promise<void> {
  const { slideId, revision, file } = event
  // What de-identification has written as a pyramid is on its way to be served as one.
  if (!file || event.rendition !== RenditionOf.ORIGINAL) return
  const known = await findSlide(db, slideId)
  if (known?.renditions.some(one => one.kind === 'pyramid' && one.revision >= revision)) return
  // Another site has it.
  if (!(await stores.original.head(file.key))) return
  const original = originalOf(event, file)
  const opened = await viewable(stores, original)
  if (!opened) return
  const { width, height, tileSize } = opened
  await opened.close()
  await saveRendition(db, { ...original, width, height, tileSize }, traceparent)
  slides.forget(slideId)
}

/** A slide of 5 GB over a slow line. */
const FETCH_MS = 600_000

type File = NonNullable<SlideDeidentified['file']>

function originalOf(event: SlideDeidentified, { key, bytes, sha256 }: File) {
  const { slideId, project, revision, format, moreFiles } = event
  const geometry: ServedRendition['geometry'] = event.geometry ?? { width: 0, height: 0, levels: [] }
  const moreKeys = moreFiles.map(one => one.key)
  const kind = 'original' as const
  const name = renditionName(revision, kind)
  return { slideId, project, revision, kind, name, format, key, moreKeys, bytes: Number(bytes), sha256, geometry }
}

/** Undefined for a file that only its pyramid can show. */
async function viewable(stores: RenditionStores, file: ReturnType<typeof originalOf>): Promise<Rendition | undefined> {
  try {
    // Brought here before anybody looks, it is not waited for then.
    return await openOriginal(stores, file, FETCH_MS)
  } catch (error) {
    if (error instanceof SlideFileError) return undefined
    throw error
  }
}
