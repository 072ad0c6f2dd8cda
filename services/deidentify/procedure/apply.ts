import { constants } from 'node:fs'
import { chmod, copyFile, open } from 'node:fs/promises'
import type { ByteSource } from '@coverslip/wsi/slide.ts'
import type { Draft, Patch } from './draft.ts'

const BLOCK = 1024 * 1024
const ZEROS = Buffer.alloc(BLOCK)

/** Runs the steps of a procedure one after the other. */
export async function runSteps<AnyDraft>(
  draft: AnyDraft,
  steps: readonly ((draft: AnyDraft, signal?: AbortSignal) => Promise<AnyDraft>)[],
  signal?: AbortSignal,
): Promise<AnyDraft> {
  let current = draft
  for (const step of steps) {
    signal?.throwIfAborted()
    current = await step(current, signal)
  }
  return current
}

function* writesOf(patch: Patch): Generator<{ offset: number; bytes: Buffer }> {
  if ('bytes' in patch) yield patch
  else {
    for (let done = 0; done < patch.zeros; done += BLOCK) {
      yield { offset: patch.offset + done, bytes: ZEROS.subarray(0, Math.min(BLOCK, patch.zeros - done)) }
    }
  }
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, offset: number, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done)
    done += bytesWritten
  }
}

/**
 * Writes the result: a copy of the source with the draft's patches, on disk when the promise resolves.
 * @returns how many bytes that were not zero are zero now
 */
export async function writeResult(
  sourcePath: string,
  resultPath: string,
  draft: Draft,
  signal?: AbortSignal,
): Promise<number> {
  await copyFile(sourcePath, resultPath, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  // A read-only source makes a read-only copy on some file systems.
  await chmod(resultPath, 0o600)
  return applyPatches(resultPath, draft.patches, signal)
}

/** Writes patches over a file, in order. @returns how many bytes that were not zero are zero now */
export async function applyPatches(path: string, patches: readonly Patch[], signal?: AbortSignal): Promise<number> {
  const file = await open(path, 'r+')
  let blanked = 0
  try {
    for (const patch of patches) {
      for (const { offset, bytes } of writesOf(patch)) {
        signal?.throwIfAborted()
        // Zeros where the file ends before: a tile that is written anew may be longer than the old one.
        const before = Buffer.alloc(bytes.length)
        const { bytesRead } = await file.read(before, 0, bytes.length, offset)
        if (bytesRead === bytes.length && before.equals(bytes)) continue
        blanked += countBlanked(before, bytes)
        await writeAll(file, offset, bytes)
      }
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return blanked
}

function countBlanked(before: Buffer, after: Buffer): number {
  let count = 0
  for (let i = 0; i < after.length; i++) if (after[i] === 0 && before[i] !== 0) count++
  return count
}

/** Whether a file has the bytes of a patch already. */
export async function hasPatch(source: ByteSource, patch: Patch): Promise<boolean> {
  for (const { offset, bytes } of writesOf(patch)) {
    if (!(await source.read(offset, bytes.length)).equals(bytes)) return false
  }
  return true
}
