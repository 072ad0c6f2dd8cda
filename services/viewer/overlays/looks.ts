/** How heat maps look: their tiles' addresses, their colours, their numbers; pure. */
import type { OverlayView } from '@coverslip/proto/api/overlays.ts'
import { type Palette, stopsOf } from '@coverslip/proto/api/palettes.ts'

export interface OverlayLook {
  shown: boolean
  palette: Palette
  opacity: number
}

/** Tissue stays to be seen below it. */
export const FIRST_LOOK: OverlayLook = { shown: false, palette: 'viridis', opacity: 0.6 }

export const TILE_SIZE = 256

/**
 * The tiles of a heat map by level, column and row of OpenLayers' Zoomify, whose level 0 fits a single tile; the server's
 * is the full size. Opacity is up to the screen: changing it asks for nothing.
 */
export function overlayTileUrl(
  slide: { id: string; width: number; height: number },
  overlayId: string,
  palette: Palette,
): (z: number, x: number, y: number) => string {
  const tiers = Math.max(0, Math.ceil(Math.log2(Math.max(slide.width, slide.height) / TILE_SIZE)))
  return (z, x, y) => `/tiles/${slide.id}/overlays/${overlayId}/${tiers - z}/${x}_${y}.png?palette=${palette}`
}

/** The colours as a CSS image, the lowest value on the left. */
export const gradientOf = (palette: Palette): string => `linear-gradient(to right, ${stopsOf(palette).join(', ')})`

/** Three digits say what a colour can. */
export const endsOf = ({ min, max }: Pick<OverlayView, 'min' | 'max'>): [string, string] => [text(min), text(max)]
const text = (value: number): string => String(Number(value.toPrecision(3)))
