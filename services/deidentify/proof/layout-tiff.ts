import type { Bytes, Range } from './bytes.ts'
import type { Coding, LaidFile, Layout, LevelLayout, Segment, Text } from './layout.ts'
import {
  bytesOfField,
  fieldOf,
  numbersOf,
  type WalkedField,
  type WalkedPage,
  type WalkedTiff,
  walkTiff,
} from './walk-tiff.ts'

const CODINGS: Record<number, Coding> = {
  1: 'raw',
  5: 'lzw',
  7: 'jpeg',
  8: 'deflate',
  32946: 'deflate',
  33003: 'jpeg2000',
  33005: 'jpeg2000',
}
const ICC = 34_675
/** Judged in other ways: descriptions, the pyramid's own name, dates, profiles. */
const WORDS = new Set([270, 305, 306, ICC])
const ASCII = 2
/** Values of numbers in a row: a text longer than this would be a picture. */
const MAX_TEXT = 4 * 1024 * 1024
/** Fields of numbers are short; only positions, tables and profiles are not. */
const MAX_LOOKED_AT = 64 * 1024
/** Where tiles and strips are, and how long. */
const POSITIONS = new Set([273, 279, 324, 325])

const whole = async (bytes: Bytes, tiff: WalkedTiff, page: WalkedPage, tag: number): Promise<number> =>
  (await numbersOf(bytes, tiff, page, tag))[0] ?? 0

/** A float of a classic inline value (NDPI's objective power). */
async function objectiveOf(bytes: Bytes, page: WalkedPage): Promise<number> {
  const raw = await bytesOfField(bytes, page, 65_421)
  if (!raw || raw.length < 4) return 0
  return fieldOf(page, 65_421)!.type === 11 ? raw.readFloatLE(0) : raw.readInt32LE(0)
}

/** Aperio's levels are all tiled pages; in other files a level says that it is a reduced one. */
const isAperio = async (bytes: Bytes, { pages }: WalkedTiff): Promise<boolean> =>
  (await bytesOfField(bytes, pages[0]!, 270))?.toString('latin1', 0, 6) === 'Aperio'
const isMarkedReduced = async (bytes: Bytes, tiff: WalkedTiff, page: WalkedPage): Promise<boolean> =>
  ((await whole(bytes, tiff, page, 254)) & 1) === 1

async function isLevel(bytes: Bytes, tiff: WalkedTiff, page: WalkedPage): Promise<boolean> {
  if (page.child) return false
  if (!tiff.ndpi) {
    if (page === tiff.pages[0]) return true
    return (
      fieldOf(page, 322) !== undefined && ((await isAperio(bytes, tiff)) || (await isMarkedReduced(bytes, tiff, page)))
    )
  }
  const focus = await bytesOfField(bytes, page, 65_424)
  return (await objectiveOf(bytes, page)) > 0 && (!focus || focus.every(byte => byte === 0))
}

async function segmentsOf(bytes: Bytes, tiff: WalkedTiff, page: WalkedPage): Promise<Segment[]> {
  const [at, long] = fieldOf(page, 324) ? [324, 325] : [273, 279]
  const [offsets, lengths] = [await numbersOf(bytes, tiff, page, at), await numbersOf(bytes, tiff, page, long)]
  return offsets.map((offset, i) => ({ file: 0, offset, length: lengths[i] ?? 0 }))
}

/** A palette of pixels that are colours themselves; tables of JPEG for pixels that are none. */
async function isIdle(bytes: Bytes, tiff: WalkedTiff, page: WalkedPage, tag: number): Promise<boolean> {
  if (tag === 320) return (await whole(bytes, tiff, page, 262)) !== 3
  return tag === 347 && (await whole(bytes, tiff, page, 259)) !== 7
}

async function levelOf(bytes: Bytes, tiff: WalkedTiff, page: WalkedPage): Promise<LevelLayout> {
  const same = new Map<string, Buffer>()
  for (const { tag, value } of page.fields) {
    if (POSITIONS.has(tag) || WORDS.has(tag) || (await isIdle(bytes, tiff, page, tag))) continue
    const raw = await bytes.read(value.offset, value.length)
    if (raw.some(byte => byte !== 0)) same.set(`tag ${tag}`, raw)
  }
  const [width, height] = [await whole(bytes, tiff, page, 256), await whole(bytes, tiff, page, 257)]
  return {
    width,
    height,
    tile: {
      width: (await whole(bytes, tiff, page, 322)) || width,
      height: (await whole(bytes, tiff, page, 323)) || (await whole(bytes, tiff, page, 278)) || height,
    },
    coding: CODINGS[await whole(bytes, tiff, page, 259)] ?? 'other',
    segments: await segmentsOf(bytes, tiff, page),
    same,
  }
}

/** A pyramid's reduced level has the shape of level 0; whatever has another shape shows something else. */
function isReduced(full: LevelLayout, { width, height }: LevelLayout): boolean {
  const expected = (full.height / full.width) * width
  return width <= full.width && Math.abs(expected - height) <= 2 + expected / 100
}

const textOf = async (bytes: Bytes, { place }: WalkedPage, field: WalkedField): Promise<Text> => ({
  place: `${place}, tag ${field.tag}`,
  bytes: await bytes.read(field.value.offset, Math.min(field.value.length, MAX_TEXT)),
  at: { file: 0, ...field.value },
})

/** Values that hold, or could hold, letters; positions, pixels' numbers and profiles are judged in other ways. */
const mayBeText = ({ tag, type, value }: WalkedField): boolean =>
  tag !== ICC &&
  !POSITIONS.has(tag) &&
  (type === ASCII || ([1, 6, 7].includes(type) && value.length >= 4 && tag !== 347))

/** @throws UnreadableError */
export async function layoutTiff(bytes: Bytes, { path, name }: Pick<LaidFile, 'path' | 'name'>): Promise<Layout> {
  const tiff = await walkTiff(bytes)
  const structure: Range[] = [tiff.header]
  const layout: Layout = {
    kind: tiff.ndpi ? 'ndpi' : 'tiff',
    files: [{ path, name, size: bytes.size, structure }],
    levels: [],
    others: [],
    pictures: [],
    fields: [],
    texts: [],
    spare: [],
    profiles: [],
  }
  for (const page of tiff.pages) {
    structure.push(page.block, ...page.fields.filter(({ inline }) => !inline).map(({ value }) => value))
    await addPage(layout, bytes, tiff, page)
  }
  return layout
}

async function addPage(layout: Layout, bytes: Bytes, tiff: WalkedTiff, page: WalkedPage): Promise<void> {
  for (const field of page.fields) {
    const place = `${page.place}, tag ${field.tag}`
    const value = await bytes.read(field.value.offset, Math.min(field.value.length, MAX_LOOKED_AT))
    const idle = await isIdle(bytes, tiff, page, field.tag)
    layout.fields.push({ place, tag: field.tag, ascii: field.type === ASCII, value, idle })
    if (mayBeText(field)) layout.texts.push(await textOf(bytes, page, field))
    if (field.spare.length > 0) {
      layout.spare.push({ place, bytes: await bytes.read(field.spare.offset, field.spare.length) })
    }
    if (field.tag === ICC) layout.profiles.push(await bytes.read(field.value.offset, field.value.length))
  }
  const level = (await isLevel(bytes, tiff, page)) ? await levelOf(bytes, tiff, page) : null
  if (level && (layout.levels.length === 0 || isReduced(layout.levels[0]!, level))) layout.levels.push(level)
  else {
    layout.others.push(page.place)
    if (fieldOf(page, 256)) layout.pictures.push(await levelOf(bytes, tiff, page))
  }
}
