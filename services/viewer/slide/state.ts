/** What one open slide's page remembers: tool, selection, what is shown, what new shapes get. */
import type { OverlayView } from '@coverslip/proto/api/overlays.ts'
import type { Slide, User } from '@coverslip/proto/api.ts'
import { computed, signal } from '@preact/signals'
import type { AnnotationFeature, Kind, Term } from '../annotations/model.ts'
import { DEFAULT_LAYER, layerOf } from '../annotations/model.ts'
import { FIRST_LOOK, type OverlayLook } from '../overlays/looks.ts'
import { newNotices } from '../parts/notices.ts'
import { mayAnnotate } from '../rights.ts'
import type { Tool } from '../tools/keymap.ts'
import { allTerms, readTerms } from './terms.ts'

/** Where the screen is on the slide. */
export interface ViewState {
  /** Level-0 pixels, y down. */
  centre: [number, number]
  /** Slide pixels per screen pixel. */
  resolution: number
  /** Radians, clockwise. */
  rotation: number
  /** Screen pixels. */
  size: [number, number]
}

export type SlideState = ReturnType<typeof createSlideState>

export function createSlideState(slide: Slide, user: User, shelf: Storage) {
  const ownTerms = signal<readonly Term[]>(readTerms(shelf))
  /** The layers and terms found among the annotations; the page keeps it up to date. */
  const found = signal<Found>(noneFound)
  const ownLayers = signal<readonly string[]>([])
  return {
    slide,
    user,
    writable: mayAnnotate(user, slide.project),
    /** Whether the tiles are those of the original, since the pyramid is not there. */
    original: signal(false),
    tool: signal<Tool>('select'),
    drawing: signal(false),
    selection: signal<ReadonlySet<string>>(new Set()),
    view: signal<ViewState>({ centre: [slide.width / 2, slide.height / 2], resolution: 1, rotation: 0, size: [1, 1] }),
    layer: signal(DEFAULT_LAYER),
    term: signal<Term | null>(null),
    hiddenLayers: signal<ReadonlySet<string>>(new Set()),
    allHidden: signal(false),
    outlineOnly: signal(false),
    opacity: signal(1),
    /** Heat maps over the slide, and how those look that somebody has touched. */
    overlays: signal<readonly OverlayView[]>([]),
    looks: signal<ReadonlyMap<string, OverlayLook>>(new Map()),
    minimap: signal(true),
    panel: signal(true),
    help: signal(false),
    notices: newNotices(),
    found,
    ownTerms,
    ownLayers,
    terms: computed(() => allTerms(ownTerms.value, found.value.terms)),
    layers: computed(() => [...new Set([DEFAULT_LAYER, ...found.value.layers.keys(), ...ownLayers.value])]),
  }
}

export interface Found {
  /** Layer name -> number of annotations. */
  layers: ReadonlyMap<string, number>
  terms: readonly Term[]
}
const noneFound: Found = { layers: new Map(), terms: [] }

export function isVisible(state: SlideState, feature: AnnotationFeature): boolean {
  return !state.allHidden.value && !state.hiddenLayers.value.has(layerOf(feature))
}

export const lookOf = (state: SlideState, overlayId: string): OverlayLook =>
  state.looks.value.get(overlayId) ?? FIRST_LOOK

export const KIND_NAMES: Record<Kind, string> = {
  polygon: 'Polygon',
  freehand: 'Freehand',
  rectangle: 'Rectangle',
  ellipse: 'Ellipse',
  point: 'Point',
  ruler: 'Ruler',
  line: 'Line',
  arrow: 'Arrow',
  collection: 'Group',
}
