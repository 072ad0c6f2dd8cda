import { Tag } from '@coverslip/wsi/tiff/tags.ts'
import { type Draft, type Page, type Patch, type Step, type Taken, take } from '../procedure/draft.ts'
import { type Extent, toucher } from '../procedure/extents.ts'
import { DATE, ID, needlessOf } from './icc-profile.ts'
import { takeField } from './keep-structural-fields.ts'

const NAMES: readonly [Extent, string][] = [
  [DATE, 'ICC creation date'],
  [ID, 'ICC profile ID'],
]
const isDateOrId = toucher(NAMES.map(([extent]) => extent))

const countOf = (profile: Buffer, { offset, length }: Extent): number =>
  profile.subarray(offset, offset + length).reduce((sum, byte) => sum + (byte === 0 ? 0 : 1), 0)

function takenOf(profile: Buffer, needless: readonly Extent[], place: string): Taken[] {
  const dates = NAMES.filter(([extent]) => countOf(profile, extent) > 0)
  const rest = needless.filter(({ offset }) => !isDateOrId(offset, 1)).filter(extent => countOf(profile, extent) > 0)
  const length = rest.reduce((sum, extent) => sum + extent.length, 0)
  return [
    ...dates.map(([extent, name]) => ({
      removed: { place, kind: 'date', name, length: extent.length, count: 1 } as const,
    })),
    ...(length > 0
      ? [{ removed: { place, kind: 'text', name: 'ICC texts', length, count: rest.length } as const }]
      : []),
  ]
}

async function clean(draft: Draft, page: Page): Promise<{ page: Page; patches: Patch[]; taken: Taken[] }> {
  const field = page.fields.find(({ entry }) => entry.tag === Tag.IccProfile)
  const profile = field && (await page.ifd.bytes(Tag.IccProfile))
  if (!field || !profile) return { page, patches: [], taken: [] }
  const needless = needlessOf(profile)
  const place = `IFD ${page.ifd.index}`
  if (!needless) {
    const fields = page.fields.filter(other => other !== field)
    return { page: { ...page, fields }, patches: [], taken: [await takeField(draft, field.entry, place)] }
  }
  const patches = needless.map(({ offset, length }) => ({ offset: field.entry.valueOffset + offset, zeros: length }))
  return { page, patches, taken: takenOf(profile, needless, `${place}, tag 34675 ICC profile`) }
}

/**
 * The profile's transform stays, since colours depend on it; the day of its calibration goes, and every text: it may name
 * the device, its place or who calibrated it. What is no profile goes as a whole.
 */
export const cleanIccProfiles: Step = async draft => {
  const cleaned = []
  for (const page of draft.pages) cleaned.push(await clean(draft, page))
  const patches = [...draft.patches, ...cleaned.flatMap(page => page.patches)]
  const pages = cleaned.map(({ page }) => page)
  return take(
    { ...draft, pages, patches },
    cleaned.flatMap(({ taken }) => taken),
  )
}
