import { Tag } from '@coverslip/wsi/tiff/tags.ts'
import { decodeText } from '@coverslip/wsi/tiff/values.ts'
import { type Draft, type Page, type Patch, type Step, type Taken, take } from '../procedure/draft.ts'
import { cleanAperioDescription, takenAt } from './aperio-description.ts'
import { takeField } from './keep-structural-fields.ts'

/** What the converter writes about a pyramid; nothing else of a generic TIFF's free text is known to be harmless. */
const OWN_DESCRIPTION = /^Coverslip pyramid(\|mpp=\d{1,3}(\.\d{1,12})?)?(\|objective-power=\d{1,3}(\.\d{1,4})?)?$/

interface Rewritten {
  page: Page
  patches: Patch[]
  taken: Taken[]
}

async function withoutDescription(draft: Draft, page: Page): Promise<Rewritten> {
  const fields = page.fields.filter(({ entry }) => entry.tag !== Tag.ImageDescription)
  const entry = page.ifd.entry(Tag.ImageDescription)!
  return { page: { ...page, fields }, patches: [], taken: [await takeField(draft, entry, `IFD ${page.ifd.index}`)] }
}

async function rewrite(draft: Draft, page: Page): Promise<Rewritten> {
  const field = page.fields.find(({ entry }) => entry.tag === Tag.ImageDescription)
  const bytes = field && (await page.ifd.bytes(Tag.ImageDescription))
  if (!field || !bytes) return { page, patches: [], taken: [] }
  const text = decodeText(bytes)
  if (draft.format === 'generic-tiff') {
    return OWN_DESCRIPTION.test(text) ? { page, patches: [], taken: [] } : withoutDescription(draft, page)
  }
  const clean = cleanAperioDescription(text, draft.choices.dates)
  const value = Buffer.from(`${clean.text}\0`, 'latin1')
  const place = `IFD ${page.ifd.index}, tag 270 ImageDescription`
  const { entry } = field
  // Too short to hold even the opening: only a made-up file has such a text.
  if (entry.inline || value.length > entry.byteLength) return withoutDescription(draft, page)
  const fields = page.fields.map(other => (other === field ? { entry, count: value.length } : other))
  return {
    page: { ...page, fields },
    patches: [{ offset: entry.valueOffset, bytes: value }],
    taken: takenAt(place, clean),
  }
}

/** Free text stays by allow-list of key and value only; what is left over of the old text is blanked with the gaps. */
export const rewriteDescriptions: Step = async draft => {
  const rewritten: Rewritten[] = []
  for (const page of draft.pages) rewritten.push(await rewrite(draft, page))
  const next = {
    ...draft,
    pages: rewritten.map(({ page }) => page),
    patches: [...draft.patches, ...rewritten.flatMap(({ patches }) => patches)],
  }
  return take(
    next,
    rewritten.flatMap(({ taken }) => taken),
  )
}
