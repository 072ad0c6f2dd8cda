import { createAnatomy } from './anatomy.ts'
import { CELL_REACH, stainCells } from './cells.ts'
import { sample } from './fields.ts'
import { putStained } from './stain.ts'
import { createTextures, movePlane, newPlane, type Plane, stainTissue, type Textures } from './tissue.ts'

/** What decides the pixels of a slide: nothing else does. */
export interface Scene {
  /** Level-0 pixels. */
  width: number
  height: number
  seed: number
  /** Micrometres per pixel. */
  mpp: number
}

/** Draws rectangles of a scene. */
export interface Renderer {
  /**
   * Interleaved 8-bit RGB, `width * height * 3` bytes. The same pixel has the same value whatever rectangle it is asked
   * in; positions may lie outside the slide.
   */
  render(x: number, y: number, width: number, height: number): Uint8Array
}

export function createRenderer(scene: Scene): Renderer {
  const { mpp, seed } = scene
  const anatomy = createAnatomy(scene.width * mpp, scene.height * mpp, seed)
  const textures = createTextures(mpp, seed)
  // Blocks come in one size: the planes of the last one are used again.
  let plane = newPlane(0, 0, 1, 1)
  return {
    render(x, y, width, height) {
      const samples = sample(anatomy, mpp, x, y, width, height, Math.ceil((2 * CELL_REACH) / mpp))
      plane = movePlane(plane, x, y, width, height)
      stainTissue(plane, samples, textures, mpp)
      if (samples.deepest > 0) stainCells(plane, samples, textures, mpp, seed)
      return develop(plane, textures)
    },
  }
}

/** Turns stain into colour; the grain decides how each value is rounded, which hides steps in smooth areas. */
function develop(plane: Plane, textures: Textures): Uint8Array {
  const { width, height, haematoxylin, eosin, light } = plane
  const { values, mask, size } = textures.grain
  const rgb = new Uint8Array(width * height * 3)
  for (let row = 0, at = 0; row < height; row++) {
    const line = ((plane.y + row) & mask) * size
    for (let i = 0; i < width; i++, at++) {
      const dither = (values[line + ((plane.x + i) & mask)] as number) / 255
      putStained(rgb, at * 3, haematoxylin[at] as number, eosin[at] as number, light[at] as number, dither)
    }
  }
  return rgb
}
