/**
 * Holds one slide open with libopenslide, in a process of its own: a crash in C then ends this process only. Started by
 * openslide.ts, ends with its parent. Texts of OpenSlide stay here, since they may quote paths.
 */
import koffi from 'koffi'
import { bindOpenSlide, type OpenSlide } from './openslide-binding.ts'
import type { Answer, Outcome, Request } from './openslide-protocol.ts'

process.on('disconnect', () => process.exit(0))

let library: OpenSlide | undefined
let slide: unknown

process.on('message', (request: Request) => {
  answer(request).then(
    outcome => send({ id: request.id, ...outcome }),
    (error: unknown) => send({ id: request.id, error: error instanceof Error ? error.message : 'unknown' }),
  )
})

function send(message: Answer): void {
  process.send?.(message)
}

async function answer(request: Request): Promise<Outcome> {
  if (request.op === 'open') return open(request.path)
  if (!library || !slide) return { error: 'no slide is open' }
  const { width, height } = request
  const argb = Buffer.alloc(width * height * 4)
  if (request.op === 'associated') await library.readAssociated(slide, request.name, argb)
  else await library.readRegion(slide, argb, request.level, request, request)
  const error = library.getError(slide)
  return error ? { error } : { pixels: overWhite(argb) }
}

function open(path: string): Outcome {
  library = bindOpenSlide(koffi)
  if (!library) return { missing: true }
  const vendor = library.detectVendor(path)
  if (!vendor) return { error: 'no vendor' }
  slide = library.open(path)
  if (!slide) return { error: 'no vendor' }
  const error = library.getError(slide)
  if (error) return { error }
  return { slide: { vendor, ...library.describe(slide) } }
}

/** Premultiplied ARGB words (B, G, R, A in memory) over white, as interleaved RGB. */
function overWhite(argb: Buffer): Buffer {
  const count = argb.length / 4
  const rgb = Buffer.allocUnsafeSlow(count * 3)
  for (let i = 0, from = 0, to = 0; i < count; i++, from += 4, to += 3) {
    const ground = 255 - (argb[from + 3] as number)
    rgb[to] = (argb[from + 2] as number) + ground
    rgb[to + 1] = (argb[from + 1] as number) + ground
    rgb[to + 2] = (argb[from] as number) + ground
  }
  return rgb
}
