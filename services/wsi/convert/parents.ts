import type { Allocate, PlaneSubsampling, YuvImage } from '../yuv.ts'
import { allocatePadded } from './block.ts'
import { type Block, type BlockGeometry, blockAt, blockGeometry, childCount, type Plan } from './plan.ts'
import { paste } from './planes.ts'

interface Parent {
  block: BlockGeometry
  image: YuvImage
  missing: number
}

export interface Parents {
  /** Adds a share, a tile's picture; gives the parent once it is complete. */
  add(tile: Block, share: YuvImage): { block: BlockGeometry; image: YuvImage } | null
  /** Takes the memory of a parent's image back for another one. */
  reuse(memory: ArrayBuffer): void
}

/** Collects the shares of reduced blocks until a parent has all of its pixels. */
export function createParents(plan: Plan): Parents {
  const open = new Map<string, Parent>()
  // Memory that went to a thread and was dropped there waits for a garbage collector that sees no need to hurry.
  const spare: ArrayBuffer[] = []
  const allocate = (bytes: number): Uint8Array => {
    const memory = spare.pop()
    return memory && memory.byteLength >= bytes ? new Uint8Array(memory, 0, bytes) : new Uint8Array(bytes)
  }

  function add(tile: Block, share: YuvImage) {
    const place = blockAt(plan, tile)
    const key = `${place.level}/${place.column}/${place.row}`
    const parent = open.get(key) ?? begin(plan, place, share.subsampling, allocate)
    open.set(key, parent)
    const { x, y } = parent.block
    paste(share, parent.image, tile.column * plan.tileSize - x, tile.row * plan.tileSize - y)
    parent.missing -= 1
    if (parent.missing > 0) return null
    open.delete(key)
    return parent
  }

  return { add, reuse: memory => void spare.push(memory) }
}

function begin(plan: Plan, place: Block, subsampling: PlaneSubsampling, allocate: Allocate): Parent {
  const block = blockGeometry(plan, place)
  const image = allocatePadded(block.width, block.height, plan.tileSize, subsampling, allocate)
  return { block, image, missing: childCount(plan, place) }
}
