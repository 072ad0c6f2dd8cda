/** Where the files of a slide go: the names that they came with stay in the intake record. */

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
  /** Keys that reading the slide takes; the first is the file to open. Null: the files do not make up a slide. */
  source: readonly string[] | null
}

/** Sources are never changed: theirs is always the first revision. */
const REVISION = 1

/** What 3DHISTECH's scanners write into a slide's folder; the files refer to each other by these names. */
const MIRAX_PART = /^(Slidedat\.ini|Index\.dat|Data\d{4,8}\.dat)$/i

const isIn = (folder: string, path: string): boolean => path.startsWith(`${folder}/`)

/**
 * Names the objects of a slide. One file is `source`. An MRXS file with its folder becomes `slide.mrxs` and `slide/…`,
 * a slide with its ImageScope XML `source` and `annotations.xml`. Anything else is kept under numbers.
 */
export function slideFiles(slideId: string, files: readonly ArrivedFile[]): SlideFiles {
  const keyOf = (file: string): string => `${slideId}/${REVISION}/${file}`
  const [first] = files
  if (files.length === 1 && first) {
    const key = keyOf('source')
    return { keys: new Map([[first.uploadId, key]]), source: [key] }
  }
  return miraxFiles(files, keyOf) ?? annotatedFiles(files, keyOf) ?? numbered(files, keyOf)
}

function miraxFiles(files: readonly ArrivedFile[], keyOf: (file: string) => string): SlideFiles | null {
  const heads = files.filter(({ path }) => /^[^/]+\.mrxs$/i.test(path))
  const [head] = heads
  if (!head || heads.length > 1) return null
  const folder = head.path.slice(0, -'.mrxs'.length)
  const keys = new Map([[head.uploadId, keyOf('slide.mrxs')]])
  const source = [keyOf('slide.mrxs')]
  for (const [i, { uploadId, path }] of files.entries()) {
    if (uploadId === head.uploadId) continue
    const name = isIn(folder, path) ? path.slice(folder.length + 1) : ''
    const part = MIRAX_PART.test(name)
    const key = keyOf(part ? `slide/${name}` : `extra/${i}`)
    keys.set(uploadId, key)
    if (part) source.push(key)
  }
  return { keys, source }
}

function annotatedFiles(files: readonly ArrivedFile[], keyOf: (file: string) => string): SlideFiles | null {
  const annotations = files.filter(({ path }) => /\.xml$/i.test(path))
  const others = files.filter(file => !annotations.includes(file))
  const [xml, slide] = [annotations[0], others[0]]
  if (!xml || !slide || files.length !== 2) return null
  const keys = new Map([
    [slide.uploadId, keyOf('source')],
    [xml.uploadId, keyOf('annotations.xml')],
  ])
  return { keys, source: [keyOf('source')] }
}

function numbered(files: readonly ArrivedFile[], keyOf: (file: string) => string): SlideFiles {
  return { keys: new Map(files.map(({ uploadId }, i) => [uploadId, keyOf(`extra/${i}`)])), source: null }
}
