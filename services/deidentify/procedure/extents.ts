import { SlideFileError } from '@coverslip/wsi/errors.ts'

/** Consecutive bytes of a file. */
export interface Extent {
  offset: number
  length: number
}

/** A part of the file that the result keeps; `owner` is the same for parts that may lie on the very same bytes. */
export interface OwnedExtent extends Extent {
  owner: string
}

/** The same bytes as few extents in order, none touching the next. */
export function merge(extents: readonly Extent[]): Extent[] {
  const merged: Extent[] = []
  for (const { offset, length } of extents.toSorted((a, b) => a.offset - b.offset)) {
    const last = merged.at(-1)
    if (length === 0) continue
    if (last && offset <= last.offset + last.length) last.length = Math.max(last.length, offset + length - last.offset)
    else merged.push({ offset, length })
  }
  return merged
}

/** The bytes from 0 to `size` that no extent covers. */
export function gaps(extents: readonly Extent[], size: number): Extent[] {
  const found: Extent[] = []
  let at = 0
  for (const { offset, length } of merge(extents)) {
    if (offset > at) found.push({ offset: at, length: offset - at })
    at = Math.max(at, offset + length)
  }
  if (at < size) found.push({ offset: at, length: size - at })
  return found
}

type Test = (offset: number, length: number) => boolean

/** Finds the first merged extent that ends behind a position. */
function firstBehind(merged: readonly Extent[], position: number): Extent | undefined {
  let low = 0
  let high = merged.length
  while (low < high) {
    const middle = (low + high) >> 1
    const extent = merged[middle]!
    if (extent.offset + extent.length <= position) low = middle + 1
    else high = middle
  }
  return merged[low]
}

/** A test whether `length` bytes at a position touch any of the extents. */
export function toucher(extents: readonly Extent[]): Test {
  const merged = merge(extents)
  return (offset, length) => {
    const extent = firstBehind(merged, offset)
    return extent !== undefined && extent.offset < offset + length
  }
}

/** A test whether `length` bytes at a position are all covered by the extents. */
export function container(extents: readonly Extent[]): Test {
  const merged = merge(extents)
  return (offset, length) => {
    const extent = firstBehind(merged, offset)
    return extent !== undefined && extent.offset <= offset && offset + length <= extent.offset + extent.length
  }
}

/**
 * Refuses files whose structure lies on top of itself: rewriting one part would change another, or leave a piece of a
 * removed value standing inside it. The very same bytes may serve the same purpose twice (shared tables).
 * @throws SlideFileError `damaged`
 */
export function assertSeparate(structure: readonly OwnedExtent[], pixels: readonly Extent[]): void {
  const touchesPixels = toucher(pixels)
  const damaged = () => new SlideFileError('damaged', 'The file is damaged: parts of its structure overlap.')
  let end = 0
  let previous: OwnedExtent | undefined
  for (const extent of structure.toSorted((a, b) => a.offset - b.offset || a.length - b.length)) {
    if (extent.length === 0) continue
    if (touchesPixels(extent.offset, extent.length)) throw damaged()
    const shared =
      previous !== undefined &&
      previous.offset === extent.offset &&
      previous.length === extent.length &&
      previous.owner === extent.owner
    if (extent.offset < end && !shared) throw damaged()
    end = Math.max(end, extent.offset + extent.length)
    previous = extent
  }
}
