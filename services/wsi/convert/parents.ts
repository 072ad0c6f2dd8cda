import type { PlaneSubsampling, YuvImage } from '../turbojpeg.ts'
import { allocatePadded } from './block.ts'
import { type Block, type BlockGeometry, blockAt, blockGeometry, childCount, type Plan } from './plan.ts'
import { paste } from './planes.ts'

interface Parent {
  block: BlockGeometry
  image: YuvImage
  missing: number
}

/** Collects the shares of reduced blocks until a parent has all of its pixels. */
export function createParents(plan: Plan) {
  const open = new Map<string, Parent>()

  /** Adds a share, a tile's picture; gives the parent once it is complete. */
  return function add(tile: Block, share: YuvImage): { block: BlockGeometry; image: YuvImage } | null {
    const place = blockAt(plan, tile)
    const key = `${place.level}/${place.column}/${place.row}`
    const parent = open.get(key) ?? begin(plan, place, share.subsampling)
    open.set(key, parent)
    const { x, y } = parent.block
    paste(share, parent.image, tile.column * plan.tileSize - x, tile.row * plan.tileSize - y)
    parent.missing -= 1
    if (parent.missing > 0) return null
    open.delete(key)
    return parent
  }
}

function begin(plan: Plan, place: Block, subsampling: PlaneSubsampling): Parent {
  const block = blockGeometry(plan, place)
  const image = allocatePadded(block.width, block.height, plan.tileSize, subsampling)
  return { block, image, missing: childCount(plan, place) }
}
