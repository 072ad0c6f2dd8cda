/** Where the files of a slide go: the names that they came with stay in the intake record. */
import { extname } from 'node:path'
import { isAnnotationName } from '@coverslip/proto/api/file-names.ts'

/** A file as it came. */
export interface ArrivedFile {
  uploadId: string
  /** Its name, or its path inside a set. */
  path: string
}

/** The files of one slide in the source store. */
export interface SlideFiles {
  /** Key by upload. */
  keys: ReadonlyMap<string, string>
  /** The name that the slide came with: its main file's. Null: the files do not make up a slide. */
  name: string | null
}

/** Sources are never changed: theirs is always the first revision. */
const REVISION = 1

/** What 3DHISTECH's scanners write into a slide's folder; the files refer to each other by these names. */
const MIRAX_PART = /^(Slidedat\.ini|Index\.dat|Data\d{4,8}\.dat)$/i
/** A file name without its extension, as files that belong together share it. */
export const stemOf = (name: string): string => name.replace(/\.[^./]*$/, '').toLowerCase()

/** The key of the n-th annotation file of a slide, from 1 on. */
export const annotationKey = (slideId: string, n: number, name: string): string =>
  `${slideId}/${REVISION}/annotations-${n}.${extname(name).slice(1).toLowerCase()}`

/** Of a slide's keys those that reading it takes; the first is the file to open. Empty: they do not make up a slide. */
export function sourceKeys(keys: Iterable<string>): string[] {
  const source = [...keys].filter(key => /\/(source|slide\.mrxs|slide\/[^/]+)$/.test(key))
  return source.sort((a, b) => Number(a.includes('/slide/')) - Number(b.includes('/slide/')))
}

/** Of a slide's keys those of the annotation files that came with it. */
export const annotationKeys = (keys: Iterable<string>): string[] =>
  [...keys].filter(key => /\/annotations-\d+\.\w+$/.test(key))

const isIn = (folder: string, path: string): boolean => path.startsWith(`${folder}/`)
const isMiraxHead = ({ path }: ArrivedFile): boolean => /^[^/]+\.mrxs$/i.test(path)

/**
 * Names the objects of a slide. Its one file is `source`. An MRXS file with its folder becomes `slide.mrxs` and
 * `slide/…`. Annotation files that came along are `annotations-1.xml` and so on. Anything else is kept under numbers.
 */
export function slideFiles(slideId: string, files: readonly ArrivedFile[]): SlideFiles {
  const keyOf = (file: string): string => `${slideId}/${REVISION}/${file}`
  const [only] = files
  if (files.length === 1 && only) {
    return { keys: new Map([[only.uploadId, keyOf('source')]]), name: only.path }
  }
  const heads = files.filter(isMiraxHead)
  const folder = heads.length === 1 ? heads[0]!.path.slice(0, -'.mrxs'.length) : null
  const annotations = files.filter(({ path }) => isAnnotationName(path) && !(folder && isIn(folder, path)))
  const others = files.filter(file => !annotations.includes(file))
  const found = folder !== null ? miraxFiles(others, folder, keyOf) : singleFile(others, keyOf)
  if (!found) return numbered(files, keyOf)
  const named = annotations.map(({ uploadId, path }, i) => [uploadId, annotationKey(slideId, i + 1, path)] as const)
  return { ...found, keys: new Map([...found.keys, ...named]) }
}

function miraxFiles(files: readonly ArrivedFile[], folder: string, keyOf: (file: string) => string): SlideFiles {
  const head = files.find(isMiraxHead)!
  const keys = new Map([[head.uploadId, keyOf('slide.mrxs')]])
  for (const [i, { uploadId, path }] of files.entries()) {
    if (uploadId === head.uploadId) continue
    const name = isIn(folder, path) ? path.slice(folder.length + 1) : ''
    keys.set(uploadId, keyOf(MIRAX_PART.test(name) ? `slide/${name}` : `extra/${i}`))
  }
  return { keys, name: head.path }
}

function singleFile(files: readonly ArrivedFile[], keyOf: (file: string) => string): SlideFiles | null {
  const [slide] = files
  if (!slide || files.length > 1) return null
  return { keys: new Map([[slide.uploadId, keyOf('source')]]), name: slide.path }
}

function numbered(files: readonly ArrivedFile[], keyOf: (file: string) => string): SlideFiles {
  return { keys: new Map(files.map(({ uploadId }, i) => [uploadId, keyOf(`extra/${i}`)])), name: null }
}
