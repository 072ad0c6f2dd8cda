import type { RpcImplementation } from '@coverslip/platform/module.ts'
import {
  type GetServedRequest,
  type GetServedResponse,
  TilesServiceDefinition,
} from '@coverslip/proto/gen/tiles/v1/tiles.ts'
import type { OpenSlides } from './slides/slides.ts'

export function tilesRpc(slides: OpenSlides): RpcImplementation {
  return {
    definition: TilesServiceDefinition,
    implementation: {
      async getServed({ slideId }: GetServedRequest): Promise<GetServedResponse> {
        const { revision, geometry, tileSize } = await slides.current(slideId)
        return { slideId, revision, geometry, tileSize }
      },
    },
  }
}
