/** HTTP of the stage. */
import type { Db } from '@coverslip/platform/db/port.ts'
import { ServiceError, unknownThing } from '@coverslip/platform/errors.ts'
import type { HttpCall, HttpHandler } from '@coverslip/platform/module.ts'
import type { StageView, stageAnswer, stageWish } from '@coverslip/proto/api/stage.ts'
import type { z } from 'zod'
import type { Tables } from '../store.ts'
import { findSlides, listCopies, listPins, type PinnedSlide, pinSlides, stagedTotals, unpin } from './pins.ts'

export interface StageHttp {
  db: Db<Tables>
  on: boolean
  quota: number
  /** There may be something to copy. */
  wake(): void
}

const LISTED = 500

export function stageRoutes({ db, on, quota, wake }: StageHttp): Record<string, HttpHandler> {
  return {
    'GET /api/stage': async call => {
      const projects = call.projects()
      const { bytes, objects: staged, waiting } = await stagedTotals(db)
      const [pins, slides] = [await listPins(db, projects), await listCopies(db, projects, LISTED)]
      return { body: { on, quota, bytes, staged, waiting, pins, slides } satisfies StageView }
    },
    'POST /api/stage': async call => {
      const { pin, of } = call.body as z.infer<typeof stageWish>
      const slides = await allowedSlides(db, call, of)
      if (!on) throw new ServiceError('conflict', 'This site has no stage: OBJECTS_STAGE_URL names none')
      await pinSlides(db, { name: pin, user: call.principal.userId, slides })
      wake()
      const found = new Set(slides.map(({ slideId }) => slideId))
      const body: z.infer<typeof stageAnswer> = {
        pin,
        slides: slides.length,
        bytes: slides.reduce((sum, slide) => sum + slide.bytes, 0),
        unknown: 'slides' in of ? of.slides.filter(id => !found.has(id)) : [],
      }
      return { status: 202, body }
    },
    'DELETE /api/stage/pins/{name}': async call => {
      const kept = await unpin(db, call.params.name!, call.projects())
      if (kept === 0) throw unknownThing()
      return { status: 204 }
    },
  }
}

/** Of a list, what the caller may bring to the stage; a project has to be allowed as a whole. */
async function allowedSlides(
  db: Db<Tables>,
  call: HttpCall,
  of: z.infer<typeof stageWish>['of'],
): Promise<PinnedSlide[]> {
  if ('project' in of) {
    call.allow({ project: of.project })
    return findSlides(db, of)
  }
  const projects = call.projects()
  const slides = await findSlides(db, { slides: [...new Set(of.slides)] })
  return slides.filter(({ project }) => projects.includes('*') || projects.includes(project))
}
