/**
 * Holds one slide open with libopenslide, in a process of its own: a crash in C then ends this process only. Started by
 * openslide.ts, ends with its parent. Texts of OpenSlide stay here, since they may quote paths.
 */
import koffi from 'koffi'
import { SlideFileError } from './errors.ts'
import { bindOpenSlide, type OpenSlide } from './openslide-binding.ts'
import type { Answer, Outcome, Request } from './openslide-protocol.ts'
import { encodeBgrx } from './turbojpeg.ts'

process.on('disconnect', () => process.exit(0))

let library: OpenSlide | undefined
let slide: unknown

process.on('message', (request: Request) => {
  answer(request).then(
    outcome => send({ id: request.id, ...outcome }),
    (error: unknown) => send({ id: request.id, ...failure(error) }),
  )
})

function send(message: Answer): void {
  process.send?.(message)
}

function failure(error: unknown): Outcome {
  if (error instanceof SlideFileError && error.code === 'library-missing') return { missing: error.message }
  return { error: error instanceof Error ? error.message : 'unknown' }
}

async function answer(request: Request): Promise<Outcome> {
  if (request.op === 'open') return open(request.path)
  if (!library || !slide) return { error: 'no slide is open' }
  const { width, height } = request
  // Words of their own memory: OpenSlide writes whole ones, aligned.
  const argb = new Uint32Array(width * height)
  const target = Buffer.from(argb.buffer)
  if (request.op === 'associated') await library.readAssociated(slide, request.name, target)
  else await library.readRegion(slide, target, request.level, request, request)
  const error = library.getError(slide)
  if (error) return { error }
  layOverWhite(argb)
  const quality = request.op === 'read' ? request.quality : undefined
  // Coded here, a tile crosses to the server as a tenth of its pixels, and libturbojpeg takes them as they lie.
  return { pixels: quality ? encodeBgrx(target, width, height, { quality }) : toRgb(argb) }
}

function open(path: string): Outcome {
  library = bindOpenSlide(koffi)
  if (!library) return { missing: 'OpenSlide is not installed (Debian: apt install libopenslide0).' }
  const vendor = library.detectVendor(path)
  if (!vendor) return { error: 'no vendor' }
  slide = library.open(path)
  if (!slide) return { error: 'no vendor' }
  const error = library.getError(slide)
  if (error) return { error }
  return { slide: { vendor, ...library.describe(slide) } }
}

/** Premultiplied ARGB becomes opaque, over white. */
function layOverWhite(argb: Uint32Array): void {
  for (let i = 0; i < argb.length; i++) {
    const word = argb[i] as number
    // No channel passes its alpha, so none overflows into the next.
    if (word < 0xff000000) argb[i] = word + (255 - (word >>> 24)) * 0x01010101
  }
}

function toRgb(argb: Uint32Array): Uint8Array {
  const rgb = Buffer.allocUnsafeSlow(argb.length * 3)
  for (let i = 0, to = 0; i < argb.length; i++, to += 3) {
    const word = argb[i] as number
    rgb[to] = word >>> 16
    rgb[to + 1] = word >>> 8
    rgb[to + 2] = word
  }
  return rgb
}
