import { open } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { SlideFileError } from '../errors.ts'

/** OpenSlide reads no longer key files than this: MIRAX' up to 1 MiB, Hamamatsu's up to 64 KiB. */
const MAX_KEY_FILE = 1024 * 1024
/** Keys of Slidedat.ini by which MIRAX names the other files of its folder. */
const MIRAX_REFERENCE = /^\s*(?:INDEXFILE|FILE_\d+)\s*=(.*)$/gm
const PLAIN_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/
/** Hamamatsu VMS and VMU: a text that names its image files by path. */
const HAMAMATSU_LIST = /^\s*\[(?:Uncompressed )?Virtual Microscope Specimen\]/m

/**
 * Refuses a slide that names files outside of its own folder. OpenSlide joins such names to the folder as they stand, so
 * that `../../<another slide>/…` would show the source of another slide, its label included.
 * @throws SlideFileError `damaged` for a name that leads out, `unsupported` for Hamamatsu's lists of files
 */
export async function assertOwnFiles(path: string): Promise<void> {
  const { dir, name } = parse(path)
  const slidedat = (await readStart(join(dir, name, 'Slidedat.ini'))) ?? ''
  for (const [, file = ''] of slidedat.matchAll(MIRAX_REFERENCE)) ownFile(file.trim())
  if (HAMAMATSU_LIST.test((await readStart(path)) ?? '')) {
    throw new SlideFileError(
      'unsupported',
      'Hamamatsu VMS and VMU slides, which consist of several files, are not supported.',
    )
  }
}

/**
 * The name of a file of a MIRAX folder, as Slidedat.ini gives it.
 * @throws SlideFileError `damaged` for anything but a plain name
 */
export function ownFile(name: string): string {
  if (PLAIN_NAME.test(name)) return name
  throw new SlideFileError('damaged', 'The slide is damaged: its Slidedat.ini names a file outside of its folder.')
}

/** The beginning of a file as text; null when there is no such file. */
async function readStart(path: string): Promise<string | null> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw error
  })
  if (!file) return null
  try {
    const { size } = await file.stat()
    const length = Math.min(size, MAX_KEY_FILE)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await file.close()
  }
}
