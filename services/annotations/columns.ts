/** What is written of an annotation into its row, and where it lies in the index of boxes that all slides share. */
import { type Content, contentText, digestOf, type Origin } from '@coverslip/wsi/annotation-files/annotation.ts'
import { boxOf } from '@coverslip/wsi/annotation-files/geometry.ts'
import type { Insertable } from 'kysely'
import type { AnnotationTables } from './tables.ts'

export type Columns = Insertable<AnnotationTables['annotations']>

/** The slide's row while it is locked; `seq` is raised here and saved at the end. */
export interface LockedSlide {
  id: string
  number: number
  seq: number
}
export interface Draft {
  id: string
  content: Content
}
export interface By {
  user: string
  origin: Origin
  at: Date
}

/** Slides lie this far apart in the index; coordinates reach FARTHEST = 2^24 to either side. */
const SLIDE_PITCH = 2 ** 26

/** How far down a slide's boxes are moved in the index. */
export const shiftOf = (slideNumber: number): number => slideNumber * SLIDE_PITCH

/** A new annotation, under the next number of the slide's counter. */
export function newRow(slide: LockedSlide, { id, content }: Draft, digest: string, by: By): Columns {
  slide.seq += 1
  return {
    slide_id: slide.id,
    id,
    version: 1,
    seq: slide.seq,
    created_seq: slide.seq,
    is_deleted: false,
    ...contentColumns(slide, content),
    digest,
    origin: by.origin,
    author: by.user,
    changed_by: by.user,
    created_at: by.at,
    changed_at: by.at,
  }
}

function contentColumns(slide: LockedSlide, content: Content): Pick<Columns, 'content' | 'bytes' | 'place'> {
  const text = contentText(content)
  const { x0, y0, x1, y1 } = boxOf(content.geometry)
  const shift = shiftOf(slide.number)
  return {
    content: text,
    bytes: Buffer.byteLength(text),
    place: `(${x0},${y0 + shift}),(${x1},${y1 + shift})`,
  }
}

/** What changes with an annotation's content. */
export function newContent(slide: LockedSlide, content: Content, by: Omit<By, 'origin'>): Partial<Columns> {
  const digest = digestOf(content)
  return { ...contentColumns(slide, content), digest, changed_by: by.user, changed_at: by.at }
}
