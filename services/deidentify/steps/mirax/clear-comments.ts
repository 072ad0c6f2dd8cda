import { type Taken, take } from '../../procedure/draft.ts'
import type { Extent } from '../../procedure/extents.ts'
import type { DataEdit, MiraxDraft, MiraxStep } from '../../procedure/mirax/draft.ts'
import { clearedStreams, startsAmong } from '../clear-jpeg-comments.ts'

/** The stored images of one data file, each once. */
export function imagesIn({ levels }: MiraxDraft, file: number): Extent[] {
  const images = levels.flat().filter(image => image.file === file && image.length > 0)
  return [...new Map(images.map(({ offset, length }) => [`${offset}:${length}`, { offset, length }])).values()]
}

/** Comments and application segments of the stored images become zeros; pictures stay bit for bit. */
export const clearComments: MiraxStep = async (draft, signal) => {
  const taken: Taken[] = []
  const edits: DataEdit[] = []
  for (const [file, edit] of draft.edits.entries()) {
    const images = imagesIn(draft, file)
    const nextStart = startsAmong(images.map(({ offset }) => offset))
    const found = await clearedStreams(draft.data[file]!, images, nextStart, signal)
    edits.push({ ...edit, patches: [...edit.patches, ...found.patches] })
    taken.push(...found.taken(`images of data file ${file}`))
  }
  return take({ ...draft, edits }, taken)
}
