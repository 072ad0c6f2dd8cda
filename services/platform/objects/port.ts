import type { Readable } from 'node:stream'

/**
 * An object store. Objects are immutable: a key is written once, becomes visible whole or not at all, and is read in
 * ranges. Keys are `<slideId>/<revision>/<file>`: segments of letters, digits, `.`, `_` and `-`, never `..`.
 */
export interface ObjectInfo {
  key: string
  size: number
}

/** An object that is kept open for many reads. */
export interface OpenObject {
  readonly size: number
  /** As `range` of the store. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Buffer>
  /** Fills `target` from `offset` when all of it is at hand without waiting (in the page cache), and says whether it was. */
  readNow(offset: number, target: Buffer): boolean
  /** Reads under way still end well. */
  close(): Promise<void>
}

export interface ReadableObjects {
  /** Where the bytes are, for libraries that bring their own client (tus). */
  readonly location:
    | { scheme: 'none' }
    | { scheme: 'file'; directory: string }
    | {
        scheme: 's3'
        bucket: string
        prefix: string
        client: {
          endpoint?: string
          region: string
          forcePathStyle: boolean
          credentials?: { accessKeyId: string; secretAccessKey: string }
        }
      }
  /** Undefined when there is no such object. */
  head(key: string): Promise<ObjectInfo | undefined>
  /**
   * Exactly `length` bytes from `offset`.
   * @throws ServiceError `not-found` without the object, `invalid` when the range passes its end.
   */
  range(key: string, offset: number, length: number, signal?: AbortSignal): Promise<Buffer>
  /** The bytes from `offset` (0) on, at most `length`; streaming, for downloads and copies. */
  stream(key: string, range?: { offset: number; length: number }): Promise<Readable>
  /**
   * The object as a read-only local file, for libraries that want a path: its own file in a file store, a download into
   * `scratch` otherwise, which the signal ends. `release` removes the download.
   */
  localFile(key: string, scratch: string, signal?: AbortSignal): Promise<{ path: string; release(): Promise<void> }>
  /** All objects whose key begins with `prefix`, in key order. */
  list(prefix: string): AsyncIterable<ObjectInfo>
  /** Only stores whose reads gain by it (files) have it. @throws ServiceError `not-found` */
  open?(key: string): Promise<OpenObject>
}

export interface Objects extends ReadableObjects {
  /** Writes a new object. @throws ServiceError `conflict` when the key exists. Nothing is visible before the end. */
  put(key: string, body: Buffer | Readable): Promise<ObjectInfo>
  /**
   * Makes an object of a local file, which is gone afterwards (renamed where the store is on the same file system).
   * @throws ServiceError `conflict` when the key exists.
   */
  putFile(key: string, path: string): Promise<ObjectInfo>
  /** Removes every object under the prefix, unfinished uploads included; no error when there is none. */
  deletePrefix(prefix: string): Promise<void>
  /**
   * Removes what uploads of this key that were never finished have left, before one is begun again; an upload that is
   * under way elsewhere fails.
   */
  discardUnfinished(key: string): Promise<void>
  /** Free bytes where that can be known (a file store). */
  freeBytes(): Promise<number | undefined>
  /** Rejects with the reason when the store cannot be used now. */
  ready(): Promise<void>
  close(): Promise<void>
}
