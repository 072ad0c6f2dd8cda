/** The heat maps of this process: rows remembered for a moment, grids for as long as there is room. */
import type { Db } from '@coverslip/platform/db/port.ts'
import { unknownThing } from '@coverslip/platform/errors.ts'
import { LRUCache } from 'lru-cache'
import type { Tables } from '../store.ts'
import { deleteOverlay, listOverlays, type NewOverlay, type Overlay, readSteps, saveOverlay } from './rows.ts'
import { halvings, type Steps, unpackSteps } from './steps.ts'

export interface Overlays {
  list(slideId: string): Promise<Overlay[]>
  /** @throws ServiceError `not-found` */
  find(slideId: string, overlayId: string): Promise<Overlay>
  /** The grid and its halves. @throws ServiceError `not-found` */
  grids(overlay: Overlay): Promise<readonly Steps[]>
  /** @throws ServiceError `not-found`, `conflict` */
  save(slideId: string, overlay: NewOverlay): Promise<Overlay>
  /** @throws ServiceError `not-found` */
  delete(slideId: string, overlayId: string): Promise<void>
}

/** Another process learns of a heat map, or that one is gone, after so long. */
const REMEMBER_MS = 3000
const MOST_SLIDES = 1000
/** Six of the largest. */
const GRID_BYTES = 64 * 2 ** 20

export function createOverlays(db: Db<Tables>): Overlays {
  const lists = new LRUCache<string, Overlay[]>({
    max: MOST_SLIDES,
    ttl: REMEMBER_MS,
    fetchMethod: slideId => listOverlays(db, slideId),
  })
  const grids = new LRUCache<string, readonly Steps[], Overlay>({
    maxSize: GRID_BYTES,
    sizeCalculation: all => all.reduce((bytes, { steps }) => bytes + steps.byteLength, 0),
    async fetchMethod(id, _before, { context: { columns, rows } }) {
      const packed = await readSteps(db, id)
      return packed && halvings({ columns, rows, steps: await unpackSteps(packed) })
    },
  })
  const list = async (slideId: string): Promise<Overlay[]> => (await lists.fetch(slideId)) ?? []
  return {
    list,
    async find(slideId, overlayId) {
      const found = (await list(slideId)).find(({ id }) => id === overlayId)
      if (!found) throw unknownThing()
      return found
    },
    async grids(overlay) {
      const found = await grids.fetch(overlay.id, { context: overlay })
      if (!found) throw unknownThing()
      return found
    },
    async save(slideId, overlay) {
      const saved = await saveOverlay(db, slideId, overlay)
      lists.delete(slideId)
      return saved
    },
    async delete(slideId, overlayId) {
      await deleteOverlay(db, slideId, overlayId)
      lists.delete(slideId)
      grids.delete(overlayId)
    },
  }
}
