/** Heat maps on the map: between the slide and what is drawn. */
import type { OverlayView } from '@coverslip/proto/api/overlays.ts'
import type { Palette } from '@coverslip/proto/api/palettes.ts'
import { effect } from '@preact/signals'
import TileLayer from 'ol/layer/Tile.js'
import { messageOf } from '../api.ts'
import { retryTiles, type SlideMap, still } from '../slide/map.ts'
import { lookOf, type SlideState } from '../slide/state.ts'
import { zoomifySource } from '../slide/zoomify.ts'
import { overlayTileUrl, TILE_SIZE } from './looks.ts'
import { listOverlays } from './remote.ts'

/** Fetches the slide's heat maps, and shows those that are wanted for as long as the slide is open. */
export function showOverlays(state: SlideState, { map }: SlideMap, onFailure: () => void): () => void {
  void load(state)
  const shown = new Map<string, { layer: TileLayer; palette: Palette }>()

  function layerOf({ id }: OverlayView, palette: Palette): TileLayer {
    const known = shown.get(id)
    if (known?.palette === palette) return known.layer
    const layer = known?.layer ?? new TileLayer()
    layer.setSource(tileSource(state, id, palette, onFailure))
    // Above the slide, below everything else.
    if (!known) map.getLayers().insertAt(1 + shown.size, layer)
    shown.set(id, { layer, palette })
    return layer
  }

  /** Those that were deleted. */
  function takeAway(overlays: readonly OverlayView[]): void {
    for (const [id, { layer }] of shown) {
      if (overlays.some(overlay => overlay.id === id)) continue
      map.removeLayer(layer)
      shown.delete(id)
    }
  }

  return effect(() => {
    takeAway(state.overlays.value)
    for (const overlay of state.overlays.value) {
      const look = lookOf(state, overlay.id)
      if (!look.shown && !shown.has(overlay.id)) continue
      const layer = layerOf(overlay, look.palette)
      layer.setVisible(look.shown)
      layer.setOpacity(look.opacity)
    }
  })
}

function tileSource({ slide }: SlideState, overlayId: string, palette: Palette, onFailure: () => void) {
  const source = zoomifySource(slide, { tileSize: TILE_SIZE, transition: still() ? 0 : 150 })
  const url = overlayTileUrl(slide, overlayId, palette)
  source.setTileUrlFunction(([z = 0, x = 0, y = 0]) => url(z, x, y))
  retryTiles(source, onFailure)
  return source
}

async function load(state: SlideState): Promise<void> {
  try {
    state.overlays.value = (await listOverlays(state.slide.id)).overlays
  } catch (error) {
    state.notices.show(`The heat maps could not be loaded: ${messageOf(error)}`)
  }
}
