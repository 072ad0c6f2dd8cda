/** Looks at a pyramid in its store as its readers will: by ranged reads. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { ReadableObjects } from '@coverslip/platform/objects/port.ts'
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import type { Geometry } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { pagedSource } from '@coverslip/wsi/byte-source.ts'
import { verifyPyramid } from '@coverslip/wsi/convert/index.ts'
import type { ByteSource } from '@coverslip/wsi/slide.ts'

/** @throws ServiceError `not-found` */
export async function objectSource(objects: ReadableObjects, key: string): Promise<ByteSource> {
  const info = await objects.head(key)
  if (!info) throw new ServiceError('not-found', 'There is no such object')
  return pagedSource({ size: info.size, read: (offset, length, signal) => objects.range(key, offset, length, signal) })
}

/**
 * @returns the geometry to announce
 * @throws SlideFileError when it is not a pyramid of ours, ServiceError `unsupported` when it shows another slide
 */
export async function inspect(
  pyramid: ByteSource,
  { geometry: expected }: SlideDeidentified,
  signal: AbortSignal,
): Promise<Geometry> {
  const { width, height, levels, mpp, objectivePower } = await verifyPyramid(pyramid, signal)
  if (expected && (expected.width !== width || expected.height !== height)) {
    throw new ServiceError('unsupported', 'The pyramid does not have the size of the slide')
  }
  return {
    width,
    height,
    mpp: mpp ?? expected?.mpp,
    objectivePower: objectivePower ?? expected?.objectivePower,
    levels: levels.map(level => ({ width: level.width, height: level.height })),
  }
}
