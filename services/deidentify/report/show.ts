import { dirname } from 'node:path'
import { unknownThing } from '@coverslip/platform/errors.ts'
import type { HttpHandler } from '@coverslip/platform/module.ts'
import { uuid } from '@coverslip/proto/api.ts'
import { DOCUMENTS } from '../files.ts'
import type { DeidentifyDeps } from '../received.ts'
import { findSlide } from '../store.ts'
import { publicKeyOf, reportKeysOf } from './signature.ts'

/** The page brings all that it shows, and runs nothing. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'"

/** GET /api/deidentification/key: for whoever wants to check a report. */
export const showReportKey =
  ({ config }: Pick<DeidentifyDeps, 'config'>): HttpHandler =>
  async () => ({ body: publicKeyOf(await reportKeysOf(config)) })

/** GET /api/slides/{id}/deidentification/page: the report to read and print; before the release for reviewers only. */
export const showReport =
  ({ db, objects }: Pick<DeidentifyDeps, 'db' | 'objects'>): HttpHandler =>
  async call => {
    const { id = '' } = call.params
    // Not a UUID: asking the database would be an error there.
    const slide = uuid.safeParse(id).success ? await findSlide(db.query, id) : undefined
    if (!slide?.file || (slide.state !== 'done' && slide.state !== 'review')) throw unknownThing()
    const resource = { project: slide.project, slide: slide.slideId }
    if (slide.state === 'done') call.allow(resource)
    else call.allow(resource, 'review.read')
    const key = `${dirname(slide.file.key)}/${DOCUMENTS.page}`
    const store = objects[slide.file.rendition]
    const found = await store.head(key)
    // Slides that were de-identified before reports had pages.
    if (!found) throw unknownThing()
    return {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': CONTENT_SECURITY_POLICY,
        'cache-control': 'private, no-cache',
      },
      body: await store.range(key, 0, found.size),
    }
  }
