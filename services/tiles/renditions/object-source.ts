import type { ReadableObjects } from '@coverslip/platform/objects/port.ts'
import type { ByteSource } from '@coverslip/wsi/slide.ts'

/** Bytes of a rendition's file. */
export interface RenditionSource extends ByteSource {
  /** Fills `target` from `offset` when that takes no waiting, and says whether it did. */
  readNow?(offset: number, target: Buffer): boolean
  close?(): Promise<void>
}

/** An object of a store: kept open where the store has files, one ranged read each time otherwise. */
export async function objectSource(
  objects: Pick<ReadableObjects, 'range' | 'open'>,
  key: string,
  size: number,
): Promise<RenditionSource> {
  if (objects.open) return objects.open(key)
  return { size, read: (offset, length, signal) => objects.range(key, offset, length, signal) }
}
