/** The names of source files: how they are compared, kept and found again. */
import { posix } from 'node:path'
import { fingerprint, type RootKey } from './sealing/root-key.ts'
import { sealJson, unsealJson } from './sealing/seal.ts'

/** One spelling of a file's name: its last part, NFC, lower case. A scanner, a person and a file system differ in these. */
export const plainName = (name: string): string =>
  posix.basename(name.trim().replaceAll('\\', '/')).normalize('NFC').toLowerCase()

/** Without its extension: a file of annotations is called like its slide but for that. */
export const stemOf = (name: string): string => name.slice(0, name.length - posix.extname(name).length)

export const fileFingerprint = (root: RootKey, project: string, name: string): string =>
  fingerprint(root, 'file', project, plainName(name))

/** What a slide's row keeps of its source's name. */
export function sealName(root: RootKey, key: Buffer, slide: { slideId: string; project: string }, sourceName: string) {
  return {
    name_fingerprint: fileFingerprint(root, slide.project, sourceName),
    stem_fingerprint: fileFingerprint(root, slide.project, stemOf(sourceName)),
    sealed_name: sealJson(key, sourceName, namePlace(slide.slideId)),
  }
}

export const unsealName = (key: Buffer, slideId: string, sealed: Buffer): string =>
  unsealJson<string>(key, sealed, namePlace(slideId))

const namePlace = (slideId: string): string => `slides/${slideId}/sealed_name`
