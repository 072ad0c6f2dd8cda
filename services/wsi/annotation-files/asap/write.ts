import type { Content, Rgb } from '../annotation.ts'
import { type Part, type Position, partsOf } from '../geometry.ts'
import { decimal, escaped } from '../xml-text.ts'
import { EXCLUSION_GROUP, HOLE_SUFFIX, isExclusionGroup, NO_GROUP } from './names.ts'

export interface AsapWriter {
  add(content: Content): void
  /** The document in pieces. */
  finish(): Generator<string>
}

/** ASAP's own default. */
const YELLOW: Rgb = [244, 250, 88]

/**
 * Collects annotations and writes them as ASAP's XML; what it cannot carry is named in the annotations' README. ASAP drops
 * a whole file over an unknown group or a wrong Order, so every group is listed and every Order counts from 0.
 */
export function asapWriter(): AsapWriter {
  const groups = new Map<string, Rgb>()
  const names = new Set<string>()
  const lines: string[] = []
  const add = (name: string, type: string, group: string, color: Rgb, vertices: readonly Position[]): void => {
    lines.push(
      `    <Annotation Name="${escaped(name)}" Type="${type}" PartOfGroup="${escaped(group)}" Color="${hexOf(color)}">\n` +
        `      <Coordinates>${vertices.map(coordinateText).join('')}</Coordinates>\n    </Annotation>\n`,
    )
  }
  return {
    add(content) {
      const group = groupOf(content)
      const color = content.color ?? content.layer?.color ?? content.term?.color ?? YELLOW
      if (group !== NO_GROUP && !groups.has(group)) groups.set(group, content.layer?.color ?? color)
      for (const part of partsOf(content.geometry)) {
        const name = freshName(content.name, names, lines.length)
        const { type, vertices } = partText(content, part)
        add(name, type, group, color, vertices)
        if (part.type !== 'area' || content.isExclusion) continue
        for (const hole of part.rings.slice(1)) {
          if (!groups.has(EXCLUSION_GROUP)) groups.set(EXCLUSION_GROUP, YELLOW)
          add(`${name}${HOLE_SUFFIX}`, 'Polygon', EXCLUSION_GROUP, color, opened(hole))
        }
      }
    },
    *finish() {
      yield '<?xml version="1.0"?>\n<ASAP_Annotations>\n  <Annotations>\n'
      yield* lines
      yield '  </Annotations>\n  <AnnotationGroups>\n'
      for (const [name, color] of groups) yield groupText(name, color)
      yield '  </AnnotationGroups>\n</ASAP_Annotations>\n'
    },
  }
}

/** What lies in no layer is grouped by its term. `None` is ASAP's word for no group. */
function groupOf({ layer, term, isExclusion }: Content): string {
  if (isExclusion) return layer && isExclusionGroup(layer.name) ? layer.name : EXCLUSION_GROUP
  const name = layer?.name ?? term?.name ?? ''
  return name === '' ? NO_GROUP : name === NO_GROUP ? 'None (layer)' : name
}

/** Holes refer to names, so each name stands once. */
function freshName(name: string, names: Set<string>, count: number): string {
  const wanted = name === '' ? `Annotation ${count}` : name
  let fresh = wanted
  for (let n = 2; names.has(fresh); n++) fresh = `${wanted} (${n})`
  names.add(fresh)
  return fresh
}

function partText({ kind }: Content, part: Part): { type: string; vertices: readonly Position[] } {
  if (part.type === 'point') return { type: 'Dot', vertices: [part.at] }
  // ASAP has no open line of more than two ends: its corners are kept as points.
  if (part.type === 'line') return { type: part.path.length === 2 ? 'Measurement' : 'PointSet', vertices: part.path }
  const type = kind === 'rectangle' ? 'Rectangle' : 'Polygon'
  return { type, vertices: opened(part.rings[0]!) }
}

/** ASAP closes rings itself. */
const opened = (ring: readonly Position[]): readonly Position[] => ring.slice(0, -1)

const coordinateText = ([x, y]: Position, order: number): string =>
  `<Coordinate Order="${order}" X="${decimal(x)}" Y="${decimal(y)}"/>`
const groupText = (name: string, color: Rgb): string =>
  `    <Group Name="${escaped(name)}" PartOfGroup="${NO_GROUP}" Color="${hexOf(color)}"><Attributes/></Group>\n`
const hexOf = (color: Rgb): string => `#${color.map(channel => channel.toString(16).padStart(2, '0')).join('')}`
