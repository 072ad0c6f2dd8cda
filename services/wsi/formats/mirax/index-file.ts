import { SlideFileError } from '../../errors.ts'

/** Bytes in one of the data files. */
export interface DataPlace {
  file: number
  offset: number
  length: number
}

/** Stored images, four numbers each: place (counted in rows of places), offset, length, file. */
export type ImageList = Int32Array

const VERSION = '01.02'

const damaged = () =>
  new SlideFileError('damaged', 'The slide is damaged: its Index.dat does not fit its Slidedat.ini.')

/**
 * Index.dat: version and slide id, then the positions of two tables of pointers (32 bits, little-endian), one for zoom
 * levels and one for everything else. A pointer leads to a pair `[0, page]`, a page is `[items, next page, items…]`.
 */
export class MiraxIndex {
  readonly #bytes: Buffer
  readonly #roots: number
  readonly #files: number

  /**
   * @param files number of the slide's data files
   * @throws SlideFileError `damaged` when it belongs to another slide
   */
  constructor(bytes: Buffer, slideId: string, files: number) {
    const head = Buffer.from(VERSION + slideId)
    if (!bytes.subarray(0, head.length).equals(head)) throw damaged()
    this.#bytes = bytes
    this.#roots = head.length
    this.#files = files
  }

  /**
   * The images of a zoom level.
   * @param most more images than these are a sign of damage
   * @throws SlideFileError `damaged`
   */
  images(level: number, most: number): ImageList {
    const pages = [...this.#pages(this.#firstPage(0, level), most)]
    const list = new Int32Array(pages.reduce((sum, { items }) => sum + items * 4, 0))
    let at = 0
    for (const { from, items } of pages) {
      for (let i = 0; i < items * 4; i++) list[at++] = this.#int(from + i * 4)
    }
    for (let i = 3; i < list.length; i += 4) if ((list[i] as number) >= this.#files) throw damaged()
    return list
  }

  *#pages(first: number, most: number): Generator<{ from: number; items: number }> {
    const seen = new Set<number>()
    let total = 0
    for (let page = first; page !== 0; ) {
      const [items, next] = [this.#int(page), this.#int(page + 4)]
      total += items
      if (seen.has(page) || total > most) throw damaged()
      seen.add(page)
      yield { from: page + 8, items }
      page = next
    }
  }

  /**
   * Where a record that belongs to no zoom level lies.
   * @throws SlideFileError `damaged`
   */
  record(number: number): DataPlace {
    const page = this.#firstPage(1, number)
    // One item: two numbers, usually 0, then its place.
    if (this.#int(page) !== 1) throw damaged()
    return this.#place(page + 16)
  }

  #firstPage(root: 0 | 1, record: number): number {
    const table = this.#int(this.#roots + 4 * root)
    const list = this.#int(table + 4 * record)
    if (this.#int(list) !== 0) throw damaged()
    return this.#int(list + 4)
  }

  #place(at: number): DataPlace {
    const [offset, length, file] = [this.#int(at), this.#int(at + 4), this.#int(at + 8)]
    if (file >= this.#files) throw damaged()
    return { offset, length, file }
  }

  #int(at: number): number {
    if (at + 4 > this.#bytes.length) throw damaged()
    const value = this.#bytes.readInt32LE(at)
    if (value < 0) throw damaged()
    return value
  }
}
