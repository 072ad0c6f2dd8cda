import { open, stat } from 'node:fs/promises'
import { join, parse } from 'node:path'

/** OpenSlide reads no longer one. */
const MAX_INI_BYTES = 1024 * 1024

const EXTENSION = '.mrxs'

/** Path of the folder that belongs to a .mrxs file. */
export function miraxFolder(path: string): string {
  const { dir, name } = parse(path)
  return join(dir, name)
}

/**
 * 3DHISTECH MIRAX: the file itself may hold anything, so its name must end in `.mrxs` (in any case of letters); beside it
 * lies a folder of the same stem with Slidedat.ini, whose first section is GENERAL (a byte order mark before it is usual).
 */
export async function isMirax(path: string): Promise<boolean> {
  if (parse(path).ext.toLowerCase() !== EXTENSION) return false
  const ini = join(miraxFolder(path), 'Slidedat.ini')
  const found = await stat(ini).catch(() => null)
  if (!found?.isFile() || found.size > MAX_INI_BYTES) return false
  const file = await open(ini, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1024), 0, 1024, 0)
    return /^\uFEFF?\s*\[GENERAL\]/.test(buffer.toString('utf8', 0, bytesRead))
  } finally {
    await file.close()
  }
}
