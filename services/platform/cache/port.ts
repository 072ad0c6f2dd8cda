/**
 * A cache of bytes shared by the replicas of a service. It may forget at any time and may be away: a failing cache is a
 * miss, never an error of the caller.
 */
export interface Cache {
  /** Whether other processes find what is put here. */
  readonly isShared: boolean
  get(key: string): Promise<Buffer | undefined>
  /** `ttlSeconds` bounds the life of the entry; without it the entry lives until evicted. */
  set(key: string, value: Buffer, ttlSeconds?: number): Promise<void>
  delete(key: string): Promise<void>
  /** Forgets every entry whose key begins so. */
  deletePrefix(prefix: string): Promise<void>
  /**
   * True for the one of all who ask for this name within `ms` milliseconds, and for nobody else meanwhile: whoever has it
   * does what the others wait for. While the cache is away everybody has it, since nobody can know of the others.
   */
  claim(name: string, ms: number): Promise<boolean>
  /** Ends a claim before its time. */
  release(name: string): Promise<void>
  /**
   * What the operator should change about how the cache is set up, in words; undefined when all is well. Rejects while it
   * is away.
   */
  advice(): Promise<string | undefined>
  /** Rejects with the reason while the cache is away (callers go on without it). */
  ready(): Promise<void>
  close(): Promise<void>
}
