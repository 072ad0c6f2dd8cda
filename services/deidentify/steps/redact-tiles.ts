import { blankSegments, restartSegments } from '../procedure/blank-segments.ts'
import { blankTiles, hasRoom, isBlankable } from '../procedure/blank-tiles.ts'
import { type Draft, levelPages, type Page, type Step, type Taken, take } from '../procedure/draft.ts'
import { onLevel } from '../procedure/regions.ts'

/** A level that is one JPEG without restart segments is held in memory, with two bytes for each sample. */
const MAX_WHOLE_PIXELS = 64 * 1024 * 1024

const isWhole = ({ image }: Page): boolean => image.across * image.down === 1
const fits = ({ image }: Page): boolean => image.width * image.height <= MAX_WHOLE_PIXELS

/** Whether regions of this file can be blanked in place: all levels are JPEG, and there is room where it takes some. */
export async function canRedactTiles(draft: Draft): Promise<boolean> {
  for (const page of levelPages(draft)) {
    if (await segmentsOf(draft, page)) continue
    if (!hasRoom(draft) || !isBlankable(page.image) || (isWhole(page) && !fits(page))) return false
  }
  return true
}

const segmentsOf = ({ format, source }: Draft, page: Page) =>
  format === 'hamamatsu' ? restartSegments(page, source) : null

const REDACTED = 'redacted tiles'

/** Marked regions become white on every level, in the tiles or restart segments that they touch. */
export const redactTiles: Step = async (draft, signal) => {
  const { redact = [] } = draft.choices
  const full = levelPages(draft)[0]!.image
  if (redact.length === 0) return draft
  const inSegments = new Set<Page>()
  const patches: Draft['patches'][number][] = []
  const taken: Taken[] = []
  const regionsOf = ({ image }: Page) => redact.map(region => onLevel(region, full, image))
  for (const page of levelPages(draft)) {
    const segments = await segmentsOf(draft, page)
    if (!segments) continue
    inSegments.add(page)
    const blanked = await blankSegments(draft.source, segments, regionsOf(page), signal)
    const length = blanked.reduce((sum, { bytes }) => sum + bytes.length, 0)
    const removed = { place: `IFD ${page.ifd.index}, tiles`, kind: 'image' as const, name: REDACTED, length }
    if (blanked.length > 0) taken.push({ removed: { ...removed, count: blanked.length } })
    patches.push(...blanked)
  }
  return blankTiles(
    take({ ...draft, patches: [...draft.patches, ...patches] }, taken),
    page => (page.role === 'level' && !inSegments.has(page) ? regionsOf(page) : []),
    REDACTED,
  )
}
