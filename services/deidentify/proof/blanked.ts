/** Tiles of which a note was blanked: whether they are otherwise the same. */
import { open } from 'node:fs/promises'
import type { Range } from './bytes.ts'
import type { Coding, Layout, Segment } from './layout.ts'
import { jpegNotes, notesOf } from './streams.ts'

const PIECE = 4 * 1024 * 1024
/** A picture that differs everywhere is another picture. */
const MAX_DIFFERENCES = 4096

/** A tile in the source and in the result. */
export interface Pair {
  coding: Coding
  before: Segment
  after: Segment
}

/**
 * Whether each tile of the result is that of the source but for notes, which are zeros now.
 * @returns how many are not
 */
export async function countOther(source: Layout, result: Layout, pairs: readonly Pair[]): Promise<number> {
  let others = 0
  for (const pair of pairs) if (!(await isSamePicture(source, result, pair))) others += 1
  return others
}

async function isSamePicture(source: Layout, result: Layout, { coding, before, after }: Pair): Promise<boolean> {
  if (before.length !== after.length || before.length === 0) return false
  const one = await open(source.files[before.file]!.path, 'r')
  const other = await open(result.files[after.file]!.path, 'r').catch(async error => {
    await one.close()
    throw error
  })
  const stream = coding === 'jpeg' ? jpegNotes() : null
  let whole: Buffer = Buffer.alloc(0)
  const differences: Range[] = []
  try {
    for (let at = 0; at < before.length; at += PIECE) {
      const length = Math.min(PIECE, before.length - at)
      const [a, b] = [Buffer.alloc(length), Buffer.alloc(length)]
      await one.read(a, 0, length, before.offset + at)
      await other.read(b, 0, length, after.offset + at)
      stream?.push(a)
      if (!stream) whole = Buffer.concat([whole, a])
      if (!addDifferences(differences, a, b, at)) return false
    }
  } finally {
    await one.close()
    await other.close()
  }
  const notes = stream ? stream.notes() : notesOf(coding, whole)
  return differences.every(difference => notes.some(note => contains(note, difference)))
}

const contains = (outer: Range, inner: Range): boolean =>
  outer.offset <= inner.offset && inner.offset + inner.length <= outer.offset + outer.length

/** Adds where two pieces differ. @returns false when the second has anything but zeros there, or they differ too often */
function addDifferences(differences: Range[], a: Buffer, b: Buffer, base: number): boolean {
  if (a.equals(b)) return true
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue
    if (b[i] !== 0) return false
    const last = differences.at(-1)
    if (last && last.offset + last.length === base + i) last.length += 1
    else differences.push({ offset: base + i, length: 1 })
    if (differences.length > MAX_DIFFERENCES) return false
  }
  return true
}
