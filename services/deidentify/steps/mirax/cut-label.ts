import { blankJpeg } from '@coverslip/wsi/blank-jpeg.ts'
import { frameSize } from '@coverslip/wsi/jpeg.ts'
import { take } from '../../procedure/draft.ts'
import type { MiraxStep } from '../../procedure/mirax/draft.ts'
import { labelSquare } from '../cut-label.ts'

/** The macro that the site keeps loses the label that it shows, and whatever its stream holds beside the picture. */
export const cutMiraxLabel: MiraxStep = async draft => {
  const { macro, choices } = draft
  if (!macro || !choices.keepMacro) return draft
  const { file, offset, length } = macro.place
  const before = await draft.data[file]!.read(offset, length)
  const bytes = blankJpeg(before, [labelSquare(frameSize(before), choices.keepMacro)])
  if (bytes.equals(before)) return draft
  const { patches, size } = draft.edits[file]!
  const fits = bytes.length <= length
  const at = fits ? offset : size
  const edit = { patches: [...patches, { offset: at, bytes }], size: fits ? size : at + bytes.length }
  const edits = draft.edits.map((other, i) => (i === file ? edit : other))
  const place = { file, offset: at, length: bytes.length }
  const removed = { place: 'macro, tiles', kind: 'image' as const, name: 'label in macro', length, count: 1 }
  return take({ ...draft, edits, macro: { ...macro, place } }, [{ removed }])
}
