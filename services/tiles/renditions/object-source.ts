import type { ReadableObjects } from '@coverslip/platform/objects/port.ts'
import type { ByteSource } from '@coverslip/wsi/slide.ts'

/** An object of a store as a ByteSource: one ranged read each time. */
export function objectSource(objects: Pick<ReadableObjects, 'range'>, key: string, size: number): ByteSource {
  return { size, read: (offset, length, signal) => objects.range(key, offset, length, signal) }
}
