import { buildTiff, type Field } from '../tiff/build-tiff.ts'
import { Compression, FieldType, Photometric, Tag } from '../tiff/tags.ts'

const { SHORT, LONG, ASCII } = FieldType

/** An Aperio-like tiled level whose tiles are said to lie at `offsets`. */
function level(width: number, height: number, tileSize: number, offsets: number[], counts: number[]): Field[] {
  return [
    [Tag.ImageWidth, LONG, [width]],
    [Tag.ImageLength, LONG, [height]],
    [Tag.BitsPerSample, SHORT, [8, 8, 8]],
    [Tag.Compression, SHORT, [Compression.Jpeg]],
    [Tag.PhotometricInterpretation, SHORT, [Photometric.YCbCr]],
    [Tag.ImageDescription, ASCII, `Aperio Image Library v12.0.15 \r\n${width}x${height}|AppMag = 20|MPP = 0.4990`],
    [Tag.SamplesPerPixel, SHORT, [3]],
    [Tag.TileWidth, LONG, [tileSize]],
    [Tag.TileLength, LONG, [tileSize]],
    [Tag.TileOffsets, LONG, offsets],
    [Tag.TileByteCounts, LONG, counts],
  ]
}

/**
 * Files that must be refused with a reason, quickly and without much memory. The first two need the bytes of a good
 * slide; all are small.
 */
export function hostileSlides(slide: Buffer): Record<string, Buffer> {
  const one = level(256, 256, 256, [8], [16])
  const data = Buffer.alloc(16)
  return {
    truncated: slide.subarray(0, Math.floor(slide.length / 2)),
    'header-only': slide.subarray(0, 16),
    empty: Buffer.alloc(0),
    text: Buffer.from('This is a text file with the wrong name.\n'),
    'ifd-loop': buildTiff(data, [one], { lastNext: 24 }).file,
    'ifds-65535': buildTiff(data, new Array<Field[]>(65535).fill([[Tag.ImageWidth, LONG, [256]]])).file,
    'offset-past-end': buildTiff(data, [level(256, 256, 256, [0x7fffffff], [4096])]).file,
    'next-ifd-past-end': buildTiff(data, [one], { lastNext: 0x7fffffff }).file,
    'tiles-2-32': buildTiff(data, [level(0xffffffff, 0xffffffff, 65536, [8], [16])]).file,
    'tiny-tiles': buildTiff(data, [level(100_000, 100_000, 1, [8], [16])]).file,
  }
}
