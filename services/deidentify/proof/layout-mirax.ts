import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { openBytes, type Range, UnreadableError } from './bytes.ts'
import type { Coding, LaidFile, Layout, LevelLayout, Segment, Text } from './layout.ts'
import { type Blob, folderOf, type WalkedMirax, walkMirax } from './walk-mirax.ts'

/** Layers that hold where the camera stood and nothing else; without them the picture cannot be put together. */
const POSITIONS = new Set(['VIMSLIDE_POSITION_BUFFER', 'StitchingIntensityLayer'])
/** "01.02", the slide's id, three digits of the file's number. */
const DATA_HEADER_BESIDE_ID = 8
const MAX_BLOB = 16 * 1024 * 1024

/** What a level shows depends on these keys of its section alone. */
const LEVEL_KEYS = [
  'OVERLAP_X',
  'OVERLAP_Y',
  'MICROMETER_PER_PIXEL_X',
  'MICROMETER_PER_PIXEL_Y',
  'DIGITIZER_WIDTH',
  'DIGITIZER_HEIGHT',
  'IMAGE_CONCAT_FACTOR',
  'IMAGE_FORMAT',
  'IMAGE_FILL_COLOR_BGR',
]
const SLIDE_KEYS = ['IMAGENUMBER_X', 'IMAGENUMBER_Y', 'CameraImageDivisionsPerSide', 'OBJECTIVE_MAGNIFICATION']

/** @throws UnreadableError */
export async function layoutMirax(path: string): Promise<Layout> {
  const walked = await walkMirax(path).catch((error: unknown) => {
    throw error instanceof UnreadableError ? error : new UnreadableError('no slide of a known kind', { cause: error })
  })
  const folder = folderOf(path)
  const listed = [walked.index, ...walked.data]
  const ini = join(folder, 'Slidedat.ini')
  const files: LaidFile[] = [
    { path, name: basename(path), size: (await stat(path)).size, structure: [] },
    { path: ini, name: nameOf(folder, ini), size: (await stat(ini)).size, structure: [await whole(ini)] },
    ...listed.map(({ path, size }) => ({ path, name: nameOf(folder, path), size, structure: [] as Range[] })),
  ]
  files[2]!.structure.push(...walked.index.used)
  const dataHead = { offset: 0, length: walked.id.length + DATA_HEADER_BESIDE_ID }
  for (const file of files.slice(3)) file.structure.push(dataHead)
  const known = new Set([ini, ...listed.map(({ path }) => path)])
  const strangers = (await readdir(folder)).map(name => join(folder, name)).filter(other => !known.has(other))
  const iniAt = { file: 1, ...(await whole(ini)) }
  const layout: Layout = {
    kind: 'mirax',
    files,
    levels: walked.levels.map((blobs, i) => levelOf(walked, blobs, i)),
    others: strangers.map(() => 'a further file in the folder'),
    pictures: [],
    fields: [],
    texts: [
      ...walked.keys.map(({ section, key, value }) => textAt(`${section}/${key}`, value, iniAt)),
      ...walked.strays.map(stray => textAt('Slidedat.ini', stray, iniAt)),
    ],
    spare: [],
    profiles: [],
  }
  for (const extra of walked.extras) await addExtra(layout, extra)
  return layout
}

const nameOf = (folder: string, path: string): string => `${basename(folder)}/${basename(path)}`
const whole = async (path: string): Promise<Range> => ({ offset: 0, length: (await stat(path)).size })

const textAt = (place: string, text: string, at: Segment): Text => ({ place, bytes: Buffer.from(text, 'latin1'), at })

function levelOf({ keys }: WalkedMirax, blobs: readonly Blob[], index: number): LevelLayout {
  const find = (section: string, key: string) => keys.find(k => k.section === section && k.key === key)?.value ?? ''
  const section = find('HIERARCHICAL', `HIER_0_VAL_${index}_SECTION`)
  const same = new Map<string, Buffer>()
  for (const key of LEVEL_KEYS) same.set(key, Buffer.from(find(section, key), 'latin1'))
  if (index === 0) for (const key of SLIDE_KEYS) same.set(key, Buffer.from(find('GENERAL', key), 'latin1'))
  same.set('positions', Buffer.from(Int32Array.from(blobs.map(({ image }) => image)).buffer))
  return {
    width: Number(find(section, 'DIGITIZER_WIDTH')),
    height: Number(find(section, 'DIGITIZER_HEIGHT')),
    tile: { width: 0, height: 0 },
    coding: (find(section, 'IMAGE_FORMAT') === 'JPEG' ? 'jpeg' : 'other') satisfies Coding,
    // Behind the main file, Slidedat.ini and Index.dat.
    segments: blobs.map(({ file, offset, length }) => ({ file: file + 3, offset, length })),
    same,
  }
}

/** The picture of the whole glass. */
const MACRO = 'ScanDataLayer_SlideThumbnail'

/** A JPEG as a picture of one piece; null for anything else. */
function pictureOf(raw: Buffer, segment: Segment): LevelLayout | null {
  for (let at = 2; raw[0] === 0xff && raw[1] === 0xd8 && at + 9 < raw.length; at += 2 + raw.readUInt16BE(at + 2)) {
    if (raw[at] !== 0xff) return null
    if (raw[at + 1] !== 0xc0 && raw[at + 1] !== 0xc1) continue
    const [width, height] = [raw.readUInt16BE(at + 7), raw.readUInt16BE(at + 5)]
    if (width === 0 || height === 0) return null
    return { width, height, tile: { width, height }, coding: 'jpeg', segments: [segment], same: new Map() }
  }
  return null
}

/** JPEG, PNG, BMP. */
const isImage = (bytes: Buffer): boolean => /^(\xff\xd8\xff|\x89PNG|BM)/.test(bytes.toString('latin1', 0, 4))

/** A blob outside of the picture: positions of the camera belong to the slide; anything else is text or an image. */
async function addExtra(layout: Layout, extra: WalkedMirax['extras'][number]): Promise<void> {
  const isPosition = POSITIONS.has(extra.layer)
  for (const { file, offset, length } of extra.blobs) {
    const laid = layout.files[file + 3]
    if (!laid) throw new UnreadableError('a blob lies in no file')
    if (length === 0) continue
    const bytes = await openBytes(laid.path)
    const raw = await bytes.read(offset, Math.min(length, MAX_BLOB)).finally(() => bytes.close())
    const picture = extra.name === MACRO ? pictureOf(raw, { file: file + 3, offset, length }) : null
    if (picture) layout.pictures.push(picture)
    else laid.structure.push({ offset, length })
    if (isPosition) addPosition(layout, raw)
    else if (raw.some(byte => byte !== 0)) {
      layout.others.push(`${extra.layer}/${extra.name}`)
      // What looks like text in the coded pixels of a label is noise.
      if (!isImage(raw))
        layout.texts.push({ place: `${extra.layer}/${extra.name}`, bytes: raw, at: { file: file + 3, offset, length } })
    }
  }
}

/** Nine bytes per camera position: a flag and two numbers; DEFLATE in newer versions. */
function addPosition(layout: Layout, raw: Buffer): void {
  const level = layout.levels[0]
  if (!level) return
  layout.levels[0] = { ...level, same: new Map([...level.same, ['camera positions', raw]]) }
  const plain = raw[0] === 0x78 ? inflateSync(raw) : raw
  if (plain.length % 9 !== 0) layout.others.push('positions of the camera')
}
