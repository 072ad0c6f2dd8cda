import fc from 'fast-check'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { bufferSource } from '../byte-source.ts'
import { SlideFileError } from '../errors.ts'
import { describeAperio, isAperio } from '../formats/aperio.ts'
import { describeGeneric } from '../formats/generic.ts'
import { undecodable } from './decode.ts'
import { readImage } from './image.ts'
import { type Ifd, readTiff } from './index.ts'
import { createRegionReader, cutSingleStrip } from './region.ts'

const picture = sharp({ create: { width: 100, height: 80, channels: 3, background: '#b48' } })
const options = { tile: true, tileWidth: 64, tileHeight: 64, pyramid: true }
const files = await Promise.all(
  (['jpeg', 'lzw', 'deflate', 'packbits', 'none'] as const).map(compression =>
    picture
      .clone()
      .tiff({ ...options, compression, bigtiff: compression === 'lzw' })
      .toBuffer(),
  ),
)

/** All that is done with a file of strangers; the region lies in the first tiles, so that sizes do not cost time. */
async function use(bytes: Buffer): Promise<void> {
  const source = bufferSource(bytes)
  const file = await readTiff(source)
  await ((await isAperio(file)) ? describeAperio(file) : describeGeneric(file))
  const image = cutSingleStrip(await readImage(file.ifds[0] as Ifd, source.size))
  if (undecodable(image) === null) await createRegionReader(source, image)({ x: 0, y: 0, width: 64, height: 64 })
}

it('any few bytes changed or cut off: a picture or a SlideFileError, nothing else', async () => {
  for (const file of files) await use(file)
  const position = (length: number) =>
    fc.oneof(
      fc.nat(length - 1),
      fc.nat(Math.min(length, 600) - 1),
      fc.nat(599).map(n => Math.max(0, length - 1 - n)),
    )
  const change = fc.constantFrom(...files).chain(file =>
    fc.record({
      file: fc.constant(file),
      writes: fc.array(fc.tuple(position(file.length), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255))), {
        maxLength: 4,
      }),
      length: fc.oneof({ weight: 4, arbitrary: fc.constant(file.length) }, fc.nat(file.length)),
    }),
  )
  const property = fc.asyncProperty(change, async ({ file, writes, length }) => {
    const bytes = Buffer.from(file)
    for (const [at, value] of writes) bytes[at] = value
    await use(bytes.subarray(0, length)).catch(error => expect(error).toBeInstanceOf(SlideFileError))
  })
  await fc.assert(property, { numRuns: 3000 })
})
