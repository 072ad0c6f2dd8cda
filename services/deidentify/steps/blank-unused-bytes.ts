import { type Draft, fieldLength, type Step } from '../procedure/draft.ts'
import { assertSeparate, type Extent, gaps, type OwnedExtent } from '../procedure/extents.ts'
import { blockLength, layout } from './rewrite-directories.ts'

/** The header, the IFDs and their values: all of the result that is not pixels. */
function structureOf(draft: Draft): OwnedExtent[] {
  const { header } = layout(draft.tiff)
  const blocks = draft.pages.map(page => ({
    offset: page.ifd.offset,
    length: blockLength(draft, page),
    owner: `IFD at ${page.ifd.offset}`,
  }))
  const values = draft.pages.flatMap(({ fields }) =>
    fields
      .filter(({ entry }) => !entry.inline)
      .map(field => ({ offset: field.entry.valueOffset, length: fieldLength(field), owner: `tag ${field.entry.tag}` })),
  )
  return [{ offset: 0, length: header, owner: 'header' }, ...blocks, ...values]
}

/** The tiles or strips of all levels. */
export function pixelsOf(draft: Draft): Extent[] {
  return draft.pages.flatMap(({ image }) => {
    const tiles: Extent[] = []
    for (const [i, length] of image.counts.entries()) tiles.push({ offset: image.offsets[i]!, length })
    return tiles
  })
}

/**
 * Every byte that the result does not refer to becomes zero: the pixels and texts of what was removed, what is left of
 * shortened values, copies that editors left behind, and whatever follows the end. Bytes that a level shares with
 * something removed stay, as they are the level's.
 * @throws SlideFileError `damaged` when parts of the structure overlap
 */
export const blankUnusedBytes: Step = async draft => {
  const structure = structureOf(draft)
  const pixels = pixelsOf(draft)
  assertSeparate(structure, pixels)
  const unused = gaps([...structure, ...pixels], draft.source.size)
  return { ...draft, patches: [...draft.patches, ...unused.map(({ offset, length }) => ({ offset, zeros: length }))] }
}
