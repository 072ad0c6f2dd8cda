/**
 * Reads of bytes that are in the page cache already, without a thread and without waiting: preadv2(2) with RWF_NOWAIT
 * answers at once or not at all. A read by libuv's threads costs three times as much, one that blocks would hold up
 * everybody where the disk is slow or the NAS away. Linux on local file systems; elsewhere there is none.
 */
import { createRequire } from 'node:module'

/** From linux/fs.h and asm-generic/errno.h. */
const RWF_NOWAIT = 8
const EOPNOTSUPP = 95

export interface PageCache {
  /** Fills `target` from `offset` of the file; false when not all of it is at hand. */
  read(fd: number, target: Buffer, offset: number): boolean
  /** Whether the last read failed because the file system knows no such reads. */
  isUnsupported(): boolean
}

type Preadv2 = (
  fd: number,
  iov: { base: Buffer; len: number }[],
  count: number,
  offset: number,
  flags: number,
) => number

let opened: PageCache | null | undefined

/** Undefined on systems without such reads. */
export function pageCache(): PageCache | undefined {
  opened ??= open()
  return opened ?? undefined
}

function open(): PageCache | null {
  if (process.platform !== 'linux') return null
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    koffi.struct('CoverslipIovec', { base: 'void *', len: 'size_t' })
    const preadv2: Preadv2 = koffi
      .load(null)
      .func('int64_t preadv2(int fd, CoverslipIovec *iov, int count, int64_t offset, int flags)')
    return {
      read: (fd, target, offset) =>
        preadv2(fd, [{ base: target, len: target.length }], 1, offset, RWF_NOWAIT) === target.length,
      isUnsupported: () => koffi.errno() === EOPNOTSUPP,
    }
  } catch {
    // A C library without the call (musl): the threads read.
    return null
  }
}
