import Projection from 'ol/proj/Projection.js'
import Zoomify, { type Options } from 'ol/source/Zoomify.js'
import { slideExtent } from '../coordinates.ts'

/**
 * Zoomify's constructor asks for one tile at the address of its own scheme, to find out about retina servers. A picture
 * without pixels answers that without a request to a server that knows no such address.
 */
const NO_PROBE = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>#{TileGroup}"

/**
 * A slide's tiles in the coordinates of the slide; where they come from is up to `setTileUrlFunction`. Of OpenLayers'
 * sources only Zoomify draws the clipped tiles of the last column and row at their own size; XYZ and TileImage stretch them
 * to a full tile.
 */
export function zoomifySource(
  { width, height }: { width: number; height: number },
  options: Pick<Options, 'tileSize' | 'transition'>,
): Zoomify {
  const extent = slideExtent(width, height)
  const projection = new Projection({ code: 'slide', units: 'pixels', extent })
  return new Zoomify({ ...options, url: NO_PROBE, size: [width, height], projection, extent })
}
