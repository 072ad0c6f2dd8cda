import type { TiffImage } from '@coverslip/wsi/tiff/image.ts'
import type { Rectangle } from '@coverslip/wsi/tiff/region.ts'
import { blankTiles } from '../procedure/blank-tiles.ts'
import type { LabelSide, Step } from '../procedure/draft.ts'

/** The square at one end of the macro that holds the label; all of a macro that is a square itself. */
export function labelSquare({ width, height }: Pick<TiffImage, 'width' | 'height'>, side: LabelSide): Rectangle {
  const length = Math.min(width, height)
  if (side === 'left') return { x: 0, y: 0, width: length, height }
  if (side === 'right') return { x: width - length, y: 0, width: length, height }
  return { x: 0, y: side === 'top' ? 0 : height - length, width, height: length }
}

/** A macro that the site keeps loses the label that it shows: a square as long as its short side. */
export const cutLabel: Step = async draft => {
  const { keepMacro } = draft.choices
  if (!keepMacro) return draft
  return blankTiles(
    draft,
    ({ role, image }) => (role === 'macro' ? [labelSquare(image, keepMacro)] : []),
    'label in macro',
  )
}
