import type { Entry, Ifd } from '@coverslip/wsi/tiff/index.ts'
import { Compression, FieldType, Photometric, Tag } from '@coverslip/wsi/tiff/tags.ts'
import { type Draft, type Page, type Step, type Taken, take } from '../procedure/draft.ts'
import { readSecret } from '../procedure/secret.ts'
import { isPlausible, KNOWN_FIELDS, ruleOf } from './structural-fields.ts'

/** A field that only says how pixels are stored; the description is judged by a step of its own. */
const staysIn =
  ({ format, choices }: Draft, { image }: Page) =>
  (entry: Entry, index: number, entries: readonly Entry[]): boolean => {
    // Readers disagree on which of two equal fields counts: only the first stays, as libtiff reads it.
    if (entries.findIndex(other => other.tag === entry.tag) !== index) return false
    if (entry.tag === Tag.ImageDescription) return entry.type === FieldType.ASCII && format !== 'hamamatsu'
    // A step of its own judges it.
    if (entry.tag === Tag.DateTime)
      return choices.dates !== undefined && entry.type === FieldType.ASCII && !entry.inline
    // A palette that no pixel looks into may hold anything, and so may tables of another coding.
    if (entry.tag === Tag.ColorMap && image.photometric !== Photometric.Palette) return false
    if (entry.tag === Tag.JPEGTables && image.compression !== Compression.Jpeg) return false
    const rule = ruleOf(format, entry.tag)
    return rule?.types.includes(entry.type) === true && entry.count <= rule.max
  }

/** Fields of few numbers are looked at; long ones are lists of tiles, palettes and profiles, which have rules of their own. */
const FEW = 16

async function hasPlainValue(draft: Draft, ifd: Ifd, entry: Entry): Promise<boolean> {
  const rule = ruleOf(draft.format, entry.tag)
  if (!rule || entry.count > FEW) return true
  const [bytes, numbers] = [await ifd.bytes(entry.tag), await ifd.numbers(entry.tag)]
  return bytes !== null && numbers !== null && isPlausible(rule, bytes, numbers)
}

/** What a field's removal is called in the report, and its text, to look for afterwards. */
export async function takeField(draft: Draft, entry: Entry, place: string): Promise<Taken> {
  const known = KNOWN_FIELDS.get(entry.tag) ?? (ruleOf(draft.format, entry.tag) ? 'irregular field' : 'unknown field')
  return {
    removed: { place, kind: 'field', name: `tag ${entry.tag} ${known}`, length: entry.byteLength, count: 1 },
    secret: await readSecret(draft.source, entry),
  }
}

/**
 * Levels keep the fields that say how their pixels are stored. All others go with their values: dates, names, hosts,
 * XMP, EXIF, GPS, SubIFDs, private fields, whatever a later scanner may invent.
 */
export const keepStructuralFields: Step = async draft => {
  let next = draft
  const pages = []
  for (const page of draft.pages) {
    const taken: Taken[] = []
    const entries = page.ifd.entries
    const kept = new Set<Entry>()
    for (const entry of entries.filter(staysIn(draft, page))) {
      if (await hasPlainValue(draft, page.ifd, entry)) kept.add(entry)
    }
    for (const entry of entries) {
      if (!kept.has(entry)) taken.push(await takeField(draft, entry, `IFD ${page.ifd.index}`))
    }
    pages.push({ ...page, fields: page.fields.filter(({ entry }) => kept.has(entry)) })
    next = take(next, taken)
  }
  return { ...next, pages }
}
