import { ascii, long, opaque } from '../tiff/fields.ts'
import { Tag } from '../tiff/tags.ts'
import type { Picture, TiledLevel } from './grid.ts'
import { type Fields, provenance, resolution, xmp } from './pages.ts'
import { type AperioFacts, aperioDescription, associatedDescription, type Patient } from './patient.ts'

/** The pages of a slide before their text and order are decided. */
export interface Parts {
  /** Level 0 first. */
  levels: { level: TiledLevel; fields: Fields }[]
  thumbnail: Part
  label: Part | null
  macro: Part | null
  icc: Buffer
}

export interface Part {
  picture: Picture
  fields: Fields
}

/** Values of NewSubfileType (254) that Aperio gives to label and macro. */
const LABEL = 1
const MACRO = 9

/**
 * Aperio's order: level 0, thumbnail, reduced levels, label, macro. All keys of level 0 are repeated in the thumbnail
 * and the reduced levels.
 */
export function aperioPages(parts: Parts, facts: AperioFacts, patient: Patient): Fields[] {
  const levels = parts.levels.map(
    ({ level, fields }, k): Fields => ({
      ...fields,
      ...provenance(patient),
      [Tag.ImageDescription]: ascii(aperioDescription(facts, patient, k === 0 ? undefined : level)),
    }),
  )
  const associated = (kind: 'label' | 'macro', part: Part): Fields => ({
    ...part.fields,
    ...provenance(patient),
    [Tag.NewSubfileType]: long(kind === 'label' ? LABEL : MACRO),
    [Tag.ImageDescription]: ascii(associatedDescription(kind, part.picture)),
  })
  return [
    { ...levels[0], [Tag.IccProfile]: opaque(parts.icc) },
    {
      ...parts.thumbnail.fields,
      ...provenance(patient),
      [Tag.ImageDescription]: ascii(aperioDescription(facts, patient, parts.thumbnail.picture)),
    },
    ...levels.slice(1),
    ...(parts.label ? [associated('label', parts.label)] : []),
    ...(parts.macro ? [associated('macro', parts.macro)] : []),
  ]
}

/** Reduced-resolution image, in NewSubfileType (254). */
const REDUCED = 1

/**
 * A tiled pyramid as other software writes it: resolution in TIFF's own fields, free text, an XMP packet, and label and
 * macro as plain pages that only their names give away.
 */
export function genericPages(parts: Parts, facts: AperioFacts, patient: Patient): Fields[] {
  const text = `${patient.title}; ${patient.lastName}, ${patient.firstName}; ${patient.accession}; scanned by ${patient.user} with ${patient.scanner}`
  const named = (name: string, part: Part | null): Fields[] =>
    part ? [{ ...part.fields, ...provenance(patient), [Tag.PageName]: ascii(`${name} ${patient.accession}`) }] : []
  const levels = parts.levels.map(({ fields }, k) => ({
    ...fields,
    ...provenance(patient),
    ...resolution(facts.mpp),
    [Tag.ImageDescription]: ascii(text),
    ...(k > 0 ? { [Tag.NewSubfileType]: long(REDUCED) } : { [Tag.IccProfile]: opaque(parts.icc), ...xmp(patient) }),
  }))
  return [...levels, ...named('label', parts.label), ...named('macro', parts.macro)]
}
