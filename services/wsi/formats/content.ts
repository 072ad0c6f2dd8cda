import { SlideFileError } from '../errors.ts'
import type { Geometry } from '../tiff/image.ts'
import { Photometric } from '../tiff/tags.ts'

const unsupported = (what: string) =>
  new SlideFileError('unsupported', `The image has ${what}, which is not supported.`)

/**
 * Refuses content that could only be shown mangled: decoders would drop bits, or all channels but three.
 * @throws SlideFileError `unsupported`
 */
export function assertEightBitColour(image: Geometry): void {
  if (image.sampleFormat !== 1) throw unsupported('signed or floating-point values')
  if (image.bitsPerSample === 0) throw unsupported('colours of different depth')
  if (image.bitsPerSample > 8) throw unsupported('more than 8 bits per colour')
  if (image.samplesPerPixel > mostSamples(image)) throw unsupported('several channels')
}

/** Colours, and for RGB one more that may be transparency. */
function mostSamples({ photometric }: Geometry): number {
  if (photometric === Photometric.Rgb) return 4
  return photometric === Photometric.YCbCr ? 3 : 1
}
