import { assertInside } from '@coverslip/wsi/byte-source.ts'
import { assertSeparate, gaps } from '../../procedure/extents.ts'
import type { DataEdit, MiraxStep } from '../../procedure/mirax/draft.ts'
import { imagesIn } from './clear-comments.ts'

const VERSION = '01.02'

/** What a data file begins with. */
const headerOf = (slideId: string, file: number): Buffer =>
  Buffer.from(`${VERSION}${slideId}${String(file).padStart(3, '0')}`)

/**
 * Of the data files stay the images and the positions, at their places, behind a header with the new id; every other byte
 * becomes zero, and the file ends behind the last one that stays.
 * @throws SlideFileError `damaged` when parts of the structure overlap
 */
export const blankUnused: MiraxStep = async draft => {
  const edits = draft.edits.map((edit, file): DataEdit => {
    const header = headerOf(draft.slideId, file)
    const images = imagesIn(draft, file)
    const records = draft.records.flatMap(({ place, layer }) =>
      place?.file === file ? [{ offset: place.offset, length: place.length, owner: layer }] : [],
    )
    const macro = draft.macro?.place.file === file ? [{ ...draft.macro.place, owner: 'macro' }] : []
    const structure = [{ offset: 0, length: header.length, owner: 'header' }, ...records, ...macro]
    // Images that were written anew may lie behind the old end.
    const end = Math.max(draft.data[file]!.size, edit.size)
    for (const { offset, length } of [...images, ...records, ...macro]) assertInside(end, offset, length)
    assertSeparate(structure, images)
    const size = [...structure, ...images].reduce((end, { offset, length }) => Math.max(end, offset + length), 0)
    const unused = gaps([...structure, ...images], size).map(({ offset, length }) => ({ offset, zeros: length }))
    return { size, patches: [...edit.patches, { offset: 0, bytes: header }, ...unused] }
  })
  return { ...draft, edits }
}
