import type { YuvImage } from '../turbojpeg.ts'
import { allocatePadded } from './block.ts'
import { type Block, type BlockGeometry, blockGeometry, childCount, type Plan, parentOf } from './plan.ts'
import { paste } from './planes.ts'

interface Parent {
  block: BlockGeometry
  image: YuvImage
  missing: number
}

/** Collects the shares of reduced blocks until a parent has all of its pixels. */
export function createParents(plan: Plan) {
  const open = new Map<string, Parent>()

  /** Adds a block's share; gives the parent once it is complete. */
  return function add(block: Block, share: YuvImage): { block: BlockGeometry; image: YuvImage } | null {
    const place = parentOf(plan, block)
    const key = `${place.level}/${place.column}/${place.row}`
    const parent = open.get(key) ?? begin(plan, place)
    open.set(key, parent)
    const left = (block.column - (place.column << plan.span)) * plan.tileSize
    const top = (block.row - (place.row << plan.span)) * plan.tileSize
    paste(share, parent.image, left, top)
    parent.missing -= 1
    if (parent.missing > 0) return null
    open.delete(key)
    return parent
  }
}

function begin(plan: Plan, place: Block): Parent {
  const block = blockGeometry(plan, place)
  return { block, image: allocatePadded(block.width, block.height, plan.tileSize), missing: childCount(plan, place) }
}
