/** Originals as local files: read in place in a file store, else one copy per slide and process, kept for the next part. */
import { realpath } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import { localFolder } from '@coverslip/platform/objects/folder.ts'
import type { ReadableObjects } from '@coverslip/platform/objects/port.ts'
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import type { RenditionFile } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'

export interface Original {
  path: string
  /** Bytes that were moved for this use of it: 0 where the file is read in place or was there already. */
  movedBytes: number
  release(): void
}

export interface Originals {
  /**
   * The original that the event names, its checksum verified.
   * @throws SlideFileError `damaged` when it is not what de-identification has written
   */
  acquire(event: SlideDeidentified): Promise<Original>
  /** The slide is done: its copy goes as soon as nobody uses it. */
  forget(slideId: string): Promise<void>
  close(): Promise<void>
}

interface Copy {
  file: Promise<{ path: string; bytes: number; release(): Promise<void> }>
  users: number
  forgotten: boolean
  expires: NodeJS.Timeout | undefined
}

/** Another part of the slide may be wanted soon. */
const IDLE_MS = 5 * 60_000

/**
 * @param scratch folder for copies
 * @param room bytes that copies which nobody uses may take
 */
export function openOriginals(store: ReadableObjects, scratch: string, room: number): Originals {
  const copies = new Map<string, Copy>()

  /** Copies that are being removed. */
  const leaving = new Set<Promise<void>>()

  function drop(key: string, copy: Copy): Promise<void> {
    if (copies.get(key) === copy) copies.delete(key)
    clearTimeout(copy.expires)
    const left = copy.file
      .then(file => file.release())
      .catch(() => {})
      .finally(() => leaving.delete(left))
    leaving.add(left)
    return left
  }

  /** The longest unused ones go first: a Map keeps its order, and `acquire` puts what is used at the end. */
  async function makeRoom(): Promise<void> {
    const idle: { key: string; copy: Copy; bytes: number }[] = []
    for (const [key, copy] of copies) {
      if (copy.users === 0) idle.push({ key, copy, bytes: (await copy.file).bytes })
    }
    let total = idle.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { key, copy, bytes } of idle) {
      if (total <= room) return
      if (copy.users > 0) continue
      await drop(key, copy)
      total -= bytes
    }
  }

  function release(key: string, copy: Copy): void {
    copy.users -= 1
    if (copy.users > 0) return
    if (copy.forgotten) return void drop(key, copy)
    copy.expires = setTimeout(() => void drop(key, copy), IDLE_MS).unref()
    void makeRoom()
  }

  return {
    async acquire(event) {
      const files = filesOf(event)
      const { key } = files[0]!
      const found = copies.get(key)
      const copy = found ?? {
        file: fetchOriginal(store, scratch, files),
        users: 0,
        forgotten: false,
        expires: undefined,
      }
      copy.users += 1
      clearTimeout(copy.expires)
      copies.delete(key)
      copies.set(key, copy)
      try {
        const { path, bytes } = await copy.file
        let released = false
        return {
          path,
          movedBytes: found ? 0 : bytes,
          release() {
            if (!released) release(key, copy)
            released = true
          },
        }
      } catch (error) {
        // Whoever comes next tries again.
        if (copies.get(key) === copy) copies.delete(key)
        throw error
      }
    },
    async forget(slideId) {
      for (const [key, copy] of copies) {
        if (!key.startsWith(`${slideId}/`)) continue
        copy.forgotten = true
        // Who comes later, comes for a new copy.
        copies.delete(key)
        if (copy.users === 0) await drop(key, copy)
      }
    },
    async close() {
      for (const [key, copy] of copies) void drop(key, copy)
      await Promise.all(leaving)
    },
  }
}

function filesOf({ file, moreFiles }: SlideDeidentified): RenditionFile[] {
  if (!file) throw new ServiceError('invalid', 'The event names no file')
  return [file, ...moreFiles]
}

async function fetchOriginal(store: ReadableObjects, scratch: string, files: RenditionFile[]) {
  const keys = files.map(({ key }) => key)
  const [first] = keys as [string]
  const prefix = `${dirname(first)}/`
  const local =
    files.length === 1 ? await store.localFile(first, scratch) : await localFolder(store, prefix, keys, scratch)
  try {
    let bytes = 0
    for (const { key, sha256, bytes: size } of files) {
      const path = key === first ? local.path : join(dirname(local.path), key.slice(prefix.length))
      if ((await fileSha256(path)) !== sha256)
        throw new SlideFileError('damaged', 'The de-identified file is not the one that was announced.')
      if (await isCopy(path, scratch)) bytes += Number(size)
    }
    return { path: local.path, bytes, release: local.release }
  } catch (error) {
    await local.release()
    throw error
  }
}

/** Not so a link into a file store. */
async function isCopy(path: string, scratch: string): Promise<boolean> {
  return (await realpath(path)).startsWith((await realpath(scratch)) + sep)
}
