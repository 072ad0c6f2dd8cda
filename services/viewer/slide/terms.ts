/** Terms to choose from: a few to begin with, those on the slide, and those that somebody added in this browser. */
import type { AnnotationFeature, Rgb, Term } from '../annotations/model.ts'
import { layerOf, NO_COLOR, termOf } from '../annotations/model.ts'

/** Okabe and Ito's eight colours (2008), which colour-blind people can tell apart, without black. */
export const OKABE_ITO: readonly Rgb[] = [
  [213, 94, 0],
  [0, 114, 178],
  [0, 158, 115],
  [230, 159, 0],
  [86, 180, 233],
  [204, 121, 167],
  [240, 228, 66],
]

const STARTERS: readonly Term[] = ['Tumour', 'Stroma', 'Normal', 'Necrosis', 'Inflammation', 'Artefact', 'Exclude'].map(
  (name, i) => ({ name, color: OKABE_ITO[i] as Rgb }),
)

const SHELF_KEY = 'coverslip.terms'

export function allTerms(own: readonly Term[], found: readonly Term[]): Term[] {
  const byName = new Map<string, Term>()
  const isPlain = (term: Term) => String(term.color) === String(NO_COLOR)
  // What a slide says about a colour counts more than what we would have chosen, unless it says nothing.
  const candidates = [...found.filter(term => !isPlain(term)), ...own, ...STARTERS, ...found.filter(isPlain)]
  for (const term of candidates) if (!byName.has(term.name)) byName.set(term.name, term)
  const order = [...STARTERS, ...own].map(term => term.name)
  const place = (term: Term) => (order.includes(term.name) ? order.indexOf(term.name) : order.length)
  return [...byName.values()].sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name))
}

/** The first colour that no term has yet; the palette starts again when all are taken. */
export const freeColor = (terms: readonly Term[]): Rgb =>
  OKABE_ITO.find(color => !terms.some(term => String(term.color) === String(color))) ??
  (OKABE_ITO[terms.length % OKABE_ITO.length] as Rgb)

export function findIn(features: Iterable<AnnotationFeature>) {
  const layers = new Map<string, number>()
  const terms = new Map<string, Term>()
  for (const feature of features) {
    const layer = layerOf(feature)
    layers.set(layer, (layers.get(layer) ?? 0) + 1)
    const term = termOf(feature)
    if (term && !terms.has(term.name)) terms.set(term.name, term)
  }
  return { layers, terms: [...terms.values()] }
}

export function readTerms(shelf: Pick<Storage, 'getItem'>): Term[] {
  try {
    const stored: unknown = JSON.parse(shelf.getItem(SHELF_KEY) ?? '[]')
    return Array.isArray(stored) ? stored.filter(isTerm) : []
  } catch {
    return []
  }
}
export const writeTerms = (shelf: Pick<Storage, 'setItem'>, terms: readonly Term[]) =>
  shelf.setItem(SHELF_KEY, JSON.stringify(terms))

const isTerm = (value: unknown): value is Term => {
  const term = value as Partial<Term> | null
  return typeof term?.name === 'string' && Array.isArray(term.color) && term.color.length === 3
}

export const cssColor = ([r, g, b]: Rgb, alpha = 1): string => `rgba(${r}, ${g}, ${b}, ${alpha})`
export const hexColor = (color: Rgb): string => `#${color.map(value => value.toString(16).padStart(2, '0')).join('')}`
export const fromHex = (hex: string): Rgb => {
  const value = Number.parseInt(hex.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}
