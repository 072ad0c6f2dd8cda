/** A macro that was kept shows no label: the end where the site's scanners show it is blank. */
import { openFile } from '@coverslip/wsi/byte-source.ts'
import { readImage } from '@coverslip/wsi/tiff/image.ts'
import { type Ifd, readTiff } from '@coverslip/wsi/tiff/index.ts'
import { createRegionReader } from '@coverslip/wsi/tiff/region.ts'

export type MacroSide = 'left' | 'right' | 'top' | 'bottom'

const SUBFILE = 254
const TILE_WIDTH = 322
const NDPI_LENS = 65_421
/** Blank: white but for what JPEG makes of an edge. */
const NEARLY_WHITE = 200

/** Aperio marks its macro by 9, Hamamatsu by a lens of -1; descriptions are judged elsewhere. */
async function isMacro(ifd: Ifd, ndpi: boolean): Promise<boolean> {
  if (ndpi) return (await ifd.number(NDPI_LENS)) === -1
  return !ifd.has(TILE_WIDTH) && (ifd.index > 1 || (await ifd.number(SUBFILE)) === 9)
}

/** @returns a finding for another image than a macro, or for one whose end is not blank */
export async function labelInMacro(path: string, side: MacroSide): Promise<string[]> {
  const source = await openFile(path)
  try {
    const { ifds, ndpi } = await readTiff(source)
    const others = ifds.filter(ifd => ifd.index > 0 && !ifd.has(TILE_WIDTH) && !(ndpi && ifd.has(65_424)))
    for (const ifd of others) {
      const image = await readImage(ifd, source.size)
      if (!(await isMacro(ifd, ndpi))) return ['another image than the macro']
      const { width, height } = image
      const length = Math.min(width, height)
      const x = side === 'right' ? width - length : 0
      const y = side === 'bottom' ? height - length : 0
      const across = side === 'left' || side === 'right'
      const end = { x, y, width: across ? length : width, height: across ? height : length }
      const pixels = await createRegionReader(source, image)(end)
      if (pixels.some(value => value < NEARLY_WHITE)) return ['a label in the macro']
    }
    return []
  } finally {
    await source.close()
  }
}
