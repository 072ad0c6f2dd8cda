/**
 * What is remembered in the browser so that a broken upload goes on where it stopped. File names may identify a patient
 * and stay out of it: only a fingerprint of them is kept.
 */
import type { PreviousUpload } from 'tus-js-client'
import { newId } from '../id.ts'

type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>

export interface Trait {
  path: string
  size: number
  lastModified: number
}

/**
 * 64 bits of FNV-1a over all traits of all files. Not a secret: crypto.subtle would be better, but does not exist on
 * plain http, by which servers inside a hospital are often reached.
 */
export function fingerprint(traits: readonly Trait[]): string {
  let hash = 0xcbf29ce484222325n
  const bytes = new TextEncoder().encode(
    JSON.stringify(traits.map(trait => [trait.path, trait.size, trait.lastModified])),
  )
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(16).padStart(16, '0')
}

const SET = 'coverslip.upload-set/'
const UPLOAD = 'coverslip.upload/'

/** The id of a set of files, the same again when the same files are offered before they all arrived. */
export function setId(shelf: Shelf, print: string): string {
  const known = shelf.getItem(SET + print)
  if (known) return known
  const id = newId()
  shelf.setItem(SET + print, id)
  return id
}
export const forgetSet = (shelf: Shelf, print: string) => shelf.removeItem(SET + print)

/** tus-js-client's store of unfinished uploads, without the metadata, which holds the file's name. */
export function urlStorage(shelf: Shelf) {
  const find = (prefix: string): PreviousUpload[] => {
    const keys = Array.from({ length: shelf.length }, (_, i) => shelf.key(i)).filter(key => key?.startsWith(prefix))
    return keys.map(key => read(shelf, key as string)).filter(upload => upload !== null)
  }
  return {
    findAllUploads: async () => find(UPLOAD),
    findUploadsByFingerprint: async (print: string) => find(`${UPLOAD}${print}/`),
    removeUpload: async (key: string) => shelf.removeItem(key),
    addUpload: async (print: string, upload: PreviousUpload) => {
      const key = `${UPLOAD}${print}/${newId()}`
      shelf.setItem(key, JSON.stringify({ ...upload, metadata: {}, urlStorageKey: key }))
      return key
    },
  }
}

function read(shelf: Shelf, key: string): PreviousUpload | null {
  try {
    return { ...(JSON.parse(shelf.getItem(key) ?? '') as PreviousUpload), urlStorageKey: key }
  } catch {
    return null
  }
}
