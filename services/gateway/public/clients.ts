import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Deps, RpcClient } from '@coverslip/platform/module.ts'
import { AccessServiceDefinition } from '@coverslip/proto/gen/access/v1/access.ts'
import { AnnotationsServiceDefinition } from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import { CatalogServiceDefinition } from '@coverslip/proto/gen/catalog/v1/catalog.ts'
import { PyramidServiceDefinition } from '@coverslip/proto/gen/pyramid/v1/pyramid.ts'
import type { config } from './config.ts'
import { type SlideLookup, slideLookup } from './slide-lookup.ts'

const SLIDE_TTL_MS = 1000

export type PublicDeps = Deps<unknown, typeof config>

/** The services that the public gateway asks. */
export interface Clients {
  access: RpcClient<typeof AccessServiceDefinition>
  annotations: RpcClient<typeof AnnotationsServiceDefinition>
  catalog: RpcClient<typeof CatalogServiceDefinition>
  pyramid: RpcClient<typeof PyramidServiceDefinition>
  slides: SlideLookup
}

export function openClients(deps: PublicDeps): Clients {
  const catalog = deps.rpc('catalog', CatalogServiceDefinition)
  return {
    access: deps.rpc('access', AccessServiceDefinition),
    annotations: deps.rpc('annotations', AnnotationsServiceDefinition),
    catalog,
    pyramid: deps.rpc('pyramid', PyramidServiceDefinition),
    slides: slideLookup(async slideId => {
      try {
        return (await catalog.getSlide({ slideId })).slide
      } catch (error) {
        if (error instanceof ServiceError && error.code === 'not-found') return undefined
        throw error
      }
    }, SLIDE_TTL_MS),
  }
}
