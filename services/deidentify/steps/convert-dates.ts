import { Tag } from '@coverslip/wsi/tiff/tags.ts'
import { decodeText } from '@coverslip/wsi/tiff/values.ts'
import { convertDate } from '../procedure/dates.ts'
import { type Draft, type Page, type Patch, type Step, type Taken, take } from '../procedure/draft.ts'
import { toSecret } from '../procedure/secret.ts'
import { takeField } from './keep-structural-fields.ts'

async function convert(draft: Draft, page: Page): Promise<{ page: Page; patches: Patch[]; taken: Taken[] }> {
  const { dates } = draft.choices
  const field = page.fields.find(({ entry }) => entry.tag === Tag.DateTime)
  const bytes = field && (await page.ifd.bytes(Tag.DateTime))
  if (!field || !bytes) return { page, patches: [], taken: [] }
  const text = decodeText(bytes)
  const converted = dates ? convertDate(text, 'tiff', dates) : null
  const place = `IFD ${page.ifd.index}`
  if (converted === null) {
    const fields = page.fields.filter(other => other !== field)
    return { page: { ...page, fields }, patches: [], taken: [await takeField(draft, field.entry, place)] }
  }
  const kept = {
    ...page,
    fields: page.fields.map(other => (other === field ? { ...field, count: bytes.length } : other)),
  }
  const value = Buffer.alloc(bytes.length)
  value.write(converted, 'latin1')
  const patches = [{ offset: field.entry.valueOffset, bytes: value }]
  if (value.equals(bytes)) return { page: kept, patches, taken: [] }
  const removed = { place, kind: 'date' as const, name: 'tag 306 DateTime', length: text.length, count: 1 }
  return { page: kept, patches, taken: [{ removed, secret: toSecret(text) }] }
}

/** The day of the scan stays as its year or as another day, where the site wants that; else it goes. */
export const convertDates: Step = async draft => {
  const converted = []
  for (const page of draft.pages) converted.push(await convert(draft, page))
  const patches = [...draft.patches, ...converted.flatMap(({ patches }) => patches)]
  return take(
    { ...draft, patches, pages: converted.map(({ page }) => page) },
    converted.flatMap(({ taken }) => taken),
  )
}
