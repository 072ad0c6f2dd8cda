import { createHash, randomBytes } from 'node:crypto'
import { type Slidedat, textOf, wholeNumber } from '@coverslip/wsi/formats/mirax/slidedat.ts'
import { convertDate } from '../../procedure/dates.ts'
import { type Taken, take } from '../../procedure/draft.ts'
import type { KeptMacro, MiraxDraft, MiraxStep } from '../../procedure/mirax/draft.ts'
import { toSecret } from '../../procedure/secret.ts'
import { MACRO, SCAN_DATA } from './records.ts'
import { GENERAL, LEVEL, PAGES, POSITION, REMOVED_KEYS } from './slidedat-keys.ts'

type Line = [key: string, value: string | number]
type Section = [name: string, lines: Line[]]

const COUNT = { min: 0, max: 1000 }
/** Names of hierarchies that scanners use; another one is a text. */
const HIERARCHIES = new Set([
  'Slide zoom level',
  'Slide filter level',
  'Slide mask level',
  'Slide focus level',
  'Microscope focus level',
  'Scan info layer',
])
/** Marks an id that was made here, so that a second run changes nothing. */
const OWN_ID = 'DE1DE1D0'

/** Hexadecimal digits that are letters: among others a removed year or number would turn up by chance. */
const LETTERS = 'ABCDEF'

function newId(old: string, seed: Buffer = randomBytes(32)): string {
  if (old.startsWith(OWN_ID.slice(0, old.length))) return old
  const random = createHash('sha512').update(seed).digest()
  const letters = Array.from({ length: old.length }, (_, i) => LETTERS[random[i % random.length]! % LETTERS.length])
  return (OWN_ID + letters.join('')).slice(0, old.length)
}

const allowed = (section: ReadonlyMap<string, string> | undefined, rules: ReadonlyMap<string, RegExp>): Line[] =>
  [...(section ?? [])].filter(([key, value]) => rules.get(key)?.test(value) === true)

/** Zoom levels and the hierarchies beside them, by their numbers; only their count matters to a reader. */
function hierarchies(slidedat: Slidedat): Line[] {
  const count = wholeNumber(slidedat, 'HIERARCHICAL', 'HIER_COUNT', { min: 1, max: COUNT.max })
  const lines: Line[] = [['HIER_COUNT', count]]
  for (let i = 0; i < count; i++) {
    const name = textOf(slidedat, 'HIERARCHICAL', `HIER_${i}_NAME`)
    const values = wholeNumber(slidedat, 'HIERARCHICAL', `HIER_${i}_COUNT`, COUNT)
    lines.push([`HIER_${i}_NAME`, HIERARCHIES.has(name) ? name : `Layer ${i}`])
    lines.push([`HIER_${i}_COUNT`, values], [`HIER_${i}_DEFAULT`, 0], [`HIER_${i}_SECTION`, `LAYER_${i}_SECTION`])
    for (let j = 0; j < values; j++) {
      lines.push([`HIER_${i}_VAL_${j}`, i === 0 ? `ZoomLevel_${j}` : `Level_${j}`])
      lines.push([`HIER_${i}_VAL_${j}_SECTION`, levelSection(i, j)])
    }
  }
  return lines
}

const levelSection = (hierarchy: number, level: number) => `LAYER_${hierarchy}_LEVEL_${level}_SECTION`

/** Layers with one record each; the macro's is the last. */
const layers = ({ records, macro }: MiraxDraft): Line[] => [
  ['NONHIER_COUNT', records.length + (macro ? 1 : 0)],
  ...[...records, ...(macro ? [{ layer: SCAN_DATA, name: MACRO }] : [])].flatMap(({ layer, name }, i): Line[] => [
    [`NONHIER_${i}_NAME`, layer],
    [`NONHIER_${i}_COUNT`, 1],
    [`NONHIER_${i}_SECTION`, `NONHIERLAYER_${i}_SECTION`],
    [`NONHIER_${i}_VAL_0`, name],
    [`NONHIER_${i}_VAL_0_SECTION`, `NONHIERLAYER_${i}_LEVEL_0_SECTION`],
  ]),
]

/** The section of a layer, by the number that it had. */
function layerSection(slidedat: Slidedat, layer: string): ReadonlyMap<string, string> | undefined {
  const hierarchical = slidedat.get('HIERARCHICAL')
  const named = [...(hierarchical ?? [])].find(([key, value]) => /^NONHIER_\d+_NAME$/.test(key) && value === layer)
  const section = named && hierarchical?.get(named[0].replace('_NAME', '_SECTION'))
  return section === undefined ? undefined : slidedat.get(section)
}

const DATE = 'SLIDE_CREATIONDATETIME'

/** The day of the scan as its year or as another day, where the site wants that. */
function scanDate({ slidedat, choices: { dates } }: MiraxDraft): Line[] {
  const date = dates && convertDate(slidedat.get('GENERAL')?.get(DATE) ?? '', 'mirax', dates)
  return date ? [[DATE, date]] : []
}

const macroSection = ({ records }: MiraxDraft): string => `NONHIERLAYER_${records.length}_LEVEL_0_SECTION`

const macroLines = ({ width, height }: KeptMacro): Line[] => [
  ['THUMBNAIL_IMAGE_TYPE', 'JPEG'],
  ['THUMBNAIL_IMAGE_WIDTH', width],
  ['THUMBNAIL_IMAGE_HEIGHT', height],
]

/** The sections of the result. */
function sectionsOf(draft: MiraxDraft): Section[] {
  const { slidedat, levels, data, slideId } = draft
  const zoom = levels.map((_, k): Section => {
    const section = slidedat.get(textOf(slidedat, 'HIERARCHICAL', `HIER_0_VAL_${k}_SECTION`))
    return [levelSection(0, k), allowed(section, LEVEL)]
  })
  const positions = draft.records.flatMap(({ layer }, i): Section[] => {
    const lines = allowed(layerSection(slidedat, layer), POSITION)
    return lines.length > 0 ? [[`NONHIERLAYER_${i}_SECTION`, lines]] : []
  })
  const { macro } = draft
  const picture: Section[] = macro ? [[macroSection(draft), macroLines(macro)]] : []
  const names = data.map((_, i): Line => [`FILE_${i}`, dataName(i)])
  return [
    ['GENERAL', [['SLIDE_ID', slideId], ...allowed(slidedat.get('GENERAL'), GENERAL), ...scanDate(draft)]],
    [
      'HIERARCHICAL',
      [
        ['INDEXFILE', 'Index.dat'],
        ...allowed(slidedat.get('HIERARCHICAL'), PAGES),
        ...hierarchies(slidedat),
        ...layers(draft),
      ],
    ],
    ['DATAFILE', [['FILE_COUNT', data.length], ...names]],
    ...zoom,
    ...positions,
    ...picture,
  ]
}

/** Name of a data file of the result. */
export const dataName = (number: number): string => `Data${String(number).padStart(4, '0')}.dat`

/** Structure that the result words anew; its old words are no news to the report. */
const STRUCTURAL =
  /^(HIER|NONHIER)_(COUNT|\d+_(NAME|COUNT|DEFAULT|SECTION|VAL_\d+(_SECTION|_IMAGENUMBER_[XY])?))$|^FILE_(COUNT|\d+)$|^INDEXFILE$/

/** Pairs of the old file that the new one lacks. */
function takenFrom(slidedat: Slidedat, sections: readonly Section[]): Taken[] {
  const kept = new Set(sections.flatMap(([, lines]) => lines.map(([key, value]) => `${key}=${value}`)))
  const pairs = [...slidedat.values()].flatMap(section => [...section])
  return pairs.flatMap(([key, value]): Taken[] => {
    if (kept.has(`${key}=${value}`)) return []
    if (STRUCTURAL.test(key)) return [{ secret: toSecret(value) }]
    const known = REMOVED_KEYS.has(key) || GENERAL.has(key) || LEVEL.has(key)
    const removed = {
      place: 'Slidedat.ini',
      kind: 'key' as const,
      name: known ? key : 'unknown key',
      length: Buffer.byteLength(key) + Buffer.byteLength(value),
      count: 1,
    }
    return [{ removed, secret: toSecret(value) }, ...(known ? [] : [{ secret: toSecret(key) }])]
  })
}

/**
 * Slidedat.ini is made anew from what the picture needs: an allow-list of keys and values, the zoom levels by their
 * numbers, the data files by theirs, and another id of the same length.
 */
export const rewriteSlidedat: MiraxStep = async draft => {
  const next = { ...draft, slideId: newId(draft.geometry.slideId, draft.choices.idSeed) }
  const sections = sectionsOf(next)
  const text = sections.map(([name, lines]) => [`[${name}]`, ...lines.map(([key, value]) => `${key} = ${value}`)])
  const slidedat = Buffer.from(`\uFEFF${text.flat().join('\r\n')}\r\n`)
  return take({ ...next, made: { ...next.made, slidedat } }, takenFrom(draft.slidedat, sections))
}
