import type { DataPlace } from '@coverslip/wsi/formats/mirax/index-file.ts'
import { wholeNumber } from '@coverslip/wsi/formats/mirax/slidedat.ts'
import type { ImagePlace, MiraxDraft, MiraxStep } from '../../procedure/mirax/draft.ts'

const VERSION = '01.02'
/** Items of one page, as scanners write them. */
const PAGE = 128

const ints = (values: readonly number[]): Buffer => Buffer.from(Int32Array.from(values).buffer)

/** A list of images from `start` on: [0, page], then pages of [items, next page, items…]. */
function imageList(images: readonly ImagePlace[], start: number): Buffer {
  const values = [0, start + 8]
  for (let i = 0; i === 0 || i < images.length; i += PAGE) {
    const page = images.slice(i, i + PAGE)
    const end = start + values.length * 4 + 8 + page.length * 16
    values.push(page.length, i + PAGE < images.length ? end : 0)
    for (const { place, offset, length, file } of page) values.push(place, offset, length, file)
  }
  return ints(values)
}

const recordList = ({ offset, length, file }: DataPlace, start: number): Buffer =>
  ints([0, start + 8, 1, 0, 0, 0, offset, length, file])

/** A table of pointers and the lists they lead to. */
function table(start: number, lists: readonly ((at: number) => Buffer)[]): Buffer {
  const pointers: number[] = []
  const parts: Buffer[] = []
  let at = start + lists.length * 4
  for (const list of lists) {
    const bytes = list(at)
    pointers.push(at)
    parts.push(bytes)
    at += bytes.length
  }
  return Buffer.concat([ints(pointers), ...parts])
}

/** Lists of hierarchies beside the zoom levels (filters, masks), which the result keeps empty. */
function emptyLists({ slidedat }: MiraxDraft): number {
  const range = { min: 0, max: 1000 }
  let count = 0
  for (let i = 1; i < wholeNumber(slidedat, 'HIERARCHICAL', 'HIER_COUNT', range); i++) {
    count += wholeNumber(slidedat, 'HIERARCHICAL', `HIER_${i}_COUNT`, range)
  }
  return count
}

/** Index.dat is made anew: the same images at the same places, and of the other records those that stay. */
export const rewriteIndex: MiraxStep = async draft => {
  const head = Buffer.from(VERSION + draft.slideId)
  const images = [...draft.levels, ...new Array<ImagePlace[]>(emptyLists(draft)).fill([])]
  const hierarchies = table(
    head.length + 8,
    images.map(list => at => imageList(list, at)),
  )
  const rest = head.length + 8 + hierarchies.length
  const records = table(
    rest,
    [...draft.records, ...(draft.macro ? [draft.macro] : [])].map(
      ({ place }) =>
        at =>
          recordList(place!, at),
    ),
  )
  const index = Buffer.concat([head, ints([head.length + 8, rest]), hierarchies, records])
  return { ...draft, made: { ...draft.made, index } }
}
