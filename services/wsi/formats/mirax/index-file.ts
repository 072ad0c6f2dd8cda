import { SlideFileError } from '../../errors.ts'

/** Bytes in one of the data files. */
export interface DataPlace {
  file: number
  offset: number
  length: number
}

/** A stored image: `place` counts the places of the slide in rows; of a level above 0 it is the upper left one. */
export interface ImagePlace extends DataPlace {
  place: number
}

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
   * @param most more than these are a sign of damage
   * @throws SlideFileError `damaged`
   */
  images(level: number, most: number): ImagePlace[] {
    const found: ImagePlace[] = []
    const seen = new Set<number>()
    for (let page = this.#firstPage(0, level); page !== 0; ) {
      const [items, next] = [this.#int(page), this.#int(page + 4)]
      if (seen.has(page) || found.length + items > most) throw damaged()
      seen.add(page)
      for (let at = page + 8; at < page + 8 + items * 16; at += 16) {
        found.push({ place: this.#int(at), ...this.#place(at + 4) })
      }
      page = next
    }
    return found
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
