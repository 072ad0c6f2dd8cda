/** The routes of heat maps. */
import type { OverlayList, OverlayView } from '@coverslip/proto/api/overlays.ts'
import { json, request, signedIn } from '../api.ts'

const pathOf = (slideId: string): string => `/api/slides/${slideId}/overlays`

/** @throws ApiError, as do the others */
export const listOverlays = (slideId: string): Promise<OverlayList> => signedIn(json(pathOf(slideId)))

/** Over the whole slide. @param file a grid of values: npy, PNG, TIFF or rows of JSON, which the server tells apart */
export const layOverlay = (slideId: string, name: string, file: File): Promise<OverlayView> =>
  signedIn(
    json(`${pathOf(slideId)}?${new URLSearchParams({ name })}`, {
      method: 'POST',
      body: file,
      type: 'application/octet-stream',
    }),
  )

export const deleteOverlay = (slideId: string, overlayId: string): Promise<Response> =>
  signedIn(request(`${pathOf(slideId)}/${overlayId}`, { method: 'DELETE' }))
