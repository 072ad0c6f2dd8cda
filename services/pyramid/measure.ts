/** How near a pyramid is to its original; one that is too far is refused. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { type LevelQuality, measureQuality } from '@coverslip/wsi/convert/quality.ts'
import { openSlide } from '@coverslip/wsi/open.ts'
import type { ByteSource } from '@coverslip/wsi/slide.ts'
import type { Holding } from './claims.ts'
import type { PyramidDeps } from './deps.ts'
import type { Workshop } from './workshop.ts'

/** @throws ServiceError `unsupported` below the floor */
export async function measure(
  { config }: Pick<PyramidDeps, 'config'>,
  workshop: Workshop,
  event: SlideDeidentified,
  pyramid: ByteSource,
  { signal, onProgress }: Holding,
): Promise<{ levels: LevelQuality[]; movedBytes: number }> {
  const original = await workshop.original(event)
  try {
    const slide = await openSlide(original.path, signal)
    const levels = await measureQuality(slide, pyramid, { signal, onProgress }).finally(() => slide.close())
    const [first] = levels
    if (first && first.ssim < config.PYRAMID_SSIM_FLOOR) {
      throw new ServiceError('unsupported', 'The pyramid would show too little of what the slide shows')
    }
    return { levels, movedBytes: original.movedBytes }
  } finally {
    original.release()
  }
}
