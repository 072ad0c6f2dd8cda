/** The names of source files: how they are compared, kept and found again. */
import { posix } from 'node:path'
import { fingerprint, type RootKey } from './sealing/root-key.ts'
import { sealJson, unsealJson } from './sealing/seal.ts'
import type { SlideRow } from './store.ts'

/** One spelling of a file's name: its last part, NFC, lower case. A scanner, a person and a file system differ in these. */
export const plainName = (name: string): string =>
  posix.basename(name.trim().replaceAll('\\', '/')).normalize('NFC').toLowerCase()

/** Without its extension: a file of annotations is called like its slide but for that. */
export const stemOf = (name: string): string => name.slice(0, name.length - posix.extname(name).length)

export const fileFingerprint = (root: RootKey, project: string, name: string): string =>
  fingerprint(root, 'file', project, plainName(name))

interface Named {
  slideId: string
  project: string
  sourceName: string
}

export const namePrints = (root: RootKey, { project, sourceName }: Omit<Named, 'slideId'>) => ({
  name_fingerprint: fileFingerprint(root, project, sourceName),
  stem_fingerprint: fileFingerprint(root, project, stemOf(sourceName)),
})

/** What a slide's row keeps of its source's name. */
export const sealName = (root: RootKey, key: Buffer, named: Named) => ({
  ...namePrints(root, named),
  sealed_name: sealJson(key, named.sourceName, namePlace(named.slideId)),
})

export const unsealName = (key: Buffer, slideId: string, sealed: Buffer): string =>
  unsealJson<string>(key, sealed, namePlace(slideId))

/** The name of a slide that moves to another subject, under that subject's key. */
export const resealName = (from: Buffer, to: Buffer, slide: Pick<SlideRow, 'slide_id' | 'sealed_name'>): Buffer =>
  sealJson(to, unsealName(from, slide.slide_id, slide.sealed_name!), namePlace(slide.slide_id))

const namePlace = (slideId: string): string => `slides/${slideId}/sealed_name`
