/** Files out of what somebody dropped or chose, folders included. */
import type { Offered } from './upload-plan.ts'

export interface OfferedFile extends Offered {
  file: File
}

export const fromInput = (files: Iterable<File>): OfferedFile[] =>
  [...files].map(file => ({ file, path: file.webkitRelativePath || file.name, size: file.size }))

/** Must be called within the drop event itself, since the browser empties the list afterwards. */
export function fromDrop(transfer: DataTransfer): Promise<OfferedFile[]> {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry()).filter(entry => entry !== null)
  return Promise.all(entries.map(entry => walk(entry, ''))).then(found => found.flat())
}

async function walk(entry: FileSystemEntry, folder: string): Promise<OfferedFile[]> {
  const path = folder + entry.name
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
    return [{ file, path, size: file.size }]
  }
  const entries = await readAll((entry as FileSystemDirectoryEntry).createReader())
  return (await Promise.all(entries.map(child => walk(child, `${path}/`)))).flat()
}

/** Browsers hand out a folder in portions, until an empty one. */
async function readAll(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return all
    all.push(...some)
  }
}
