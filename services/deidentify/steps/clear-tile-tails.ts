import { type TiffImage, tileSize } from '@coverslip/wsi/tiff/image.ts'
import { Compression } from '@coverslip/wsi/tiff/tags.ts'
import { type Draft, type Page, type Patch, type Step, type Taken, take } from '../procedure/draft.ts'
import { toSecret } from '../procedure/secret.ts'
import { startsAmong } from './clear-jpeg-comments.ts'
import { needlessBytes } from './stored-length.ts'

function decodedBytes(image: TiffImage, index: number): number {
  const { width, height } = tileSize(image, Math.floor(index / image.across) % image.down)
  const samples = image.planar === 2 ? 1 : image.samplesPerPixel
  return Math.ceil((width * samples * (image.bitsPerSample || 8)) / 8) * height
}

/** Each tile once: writers let all empty ones share one. */
function* distinctTiles(image: TiffImage): Generator<{ index: number; offset: number; length: number }> {
  const seen = new Set<string>()
  for (const [index, length] of image.counts.entries()) {
    const offset = image.offsets[index]!
    if (length === 0 || seen.has(`${offset}:${length}`)) continue
    seen.add(`${offset}:${length}`)
    yield { index, offset, length }
  }
}

async function clear({ source }: Draft, page: Page, nextStart: (offset: number) => number, signal?: AbortSignal) {
  const found = { patches: [] as Patch[], secrets: [] as Taken[], tiles: 0, bytes: 0 }
  for (const { index, offset, length } of distinctTiles(page.image)) {
    signal?.throwIfAborted()
    const bytes = await source.read(offset, length)
    let touched = false
    for (const needless of needlessBytes(page.image.compression, bytes, decodedBytes(page.image, index))) {
      const room = Math.min(needless.length, nextStart(offset + needless.offset) - offset - needless.offset)
      const text = bytes.subarray(needless.offset, needless.offset + room)
      if (text.every(byte => byte === 0)) continue
      touched = true
      found.bytes += text.length
      found.patches.push({ offset: offset + needless.offset, zeros: text.length })
      // Every tile may carry the same text.
      if (found.secrets.length < 100) found.secrets.push({ secret: toSecret(text) })
    }
    if (touched) found.tiles += 1
  }
  return found
}

/**
 * What stands behind the end of an LZW, DEFLATE, JPEG 2000 or plain tile, and the comments of JPEG 2000, become zeros; the
 * picture, which none of these touches, stays bit for bit.
 */
export const clearTileTails: Step = async (draft, signal) => {
  const patches: Patch[] = []
  const taken: Taken[] = []
  const nextStart = startsAmong(draft.pages.flatMap(({ image }) => [...image.offsets]))
  for (const page of draft.pages) {
    if (page.image.compression === Compression.Jpeg) continue
    const { tiles, bytes, ...found } = await clear(draft, page, nextStart, signal)
    if (tiles === 0) continue
    patches.push(...found.patches)
    const place = `IFD ${page.ifd.index}, tiles`
    taken.push({ removed: { place, kind: 'text', name: 'bytes beside the picture', length: bytes, count: tiles } })
    taken.push(...found.secrets)
  }
  return take({ ...draft, patches: [...draft.patches, ...patches] }, taken)
}
