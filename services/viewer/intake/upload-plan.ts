/** Which files belong to one slide; pure, by their paths alone. */
import { isAnnotationName, isSlideName } from '@coverslip/proto/api/file-names.ts'

/** A file as the browser offers it; `path` is relative to what was dropped or chosen, with `/` between folders. */
export interface Offered {
  path: string
  size: number
}
export interface PlannedSlide<T extends Offered> {
  /** Name of the main file. */
  name: string
  /** More than one: a set, each with its place in it. */
  files: { file: T; path: string }[]
}
export interface Plan<T extends Offered> {
  slides: PlannedSlide<T>[]
  /** CSV files that say whose material the slides are. */
  manifests: T[]
  /** Files of a folder that are no slide. */
  ignored: T[]
}

const MANIFEST = /\.csv$/i

const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/') + 1)
const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)
const stemOf = (path: string) => path.replace(/\.[^./]*$/, '')
const isHidden = (path: string) => path.split('/').some(part => part.startsWith('.'))

/**
 * A MIRAX slide is its .mrxs and the folder of the same name; a slide takes the annotations beside it along. A single
 * file is taken whatever its name, since the server looks at the content; of several, those that are not named like
 * slides are left out. CSV files are manifests.
 */
export function planUploads<T extends Offered>(offered: readonly T[]): Plan<T> {
  const shown = offered.filter(file => !isHidden(file.path))
  const manifests = shown.filter(file => MANIFEST.test(file.path))
  const files = shown.filter(file => !manifests.includes(file))
  const [only] = files
  const mains = files.length === 1 && only ? [only] : files.filter(file => isSlideName(file.path))
  const companions = new Set(mains.filter(isMirax).flatMap(main => companionsOf(main, files)))
  const slides = mains
    .filter(main => !companions.has(main))
    .map(main => {
      const root = folderOf(main.path).length
      const all = [main, ...companionsOf(main, files)]
      return { name: nameOf(main.path), files: all.map(file => ({ file, path: file.path.slice(root) })) }
    })
  const taken = new Set(slides.flatMap(slide => slide.files.map(({ file }) => file)))
  return { slides, manifests, ignored: files.filter(file => !taken.has(file)) }
}

const isMirax = (file: Offered) => /\.mrxs$/i.test(file.path)

function companionsOf<T extends Offered>(main: T, files: readonly T[]): T[] {
  const stem = stemOf(main.path)
  const folder = isMirax(main) ? files.filter(file => file.path.startsWith(`${stem}/`)) : []
  if (!isSlideName(main.path)) return []
  const named = files.filter(file => isAnnotationName(file.path))
  return [...folder, ...named.filter(file => stemOf(file.path).toLowerCase() === stem.toLowerCase())]
}
