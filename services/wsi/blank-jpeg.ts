import koffi from 'koffi'
import { SlideFileError } from './errors.ts'
import { isFrame, isRgbCoded, Marker, segments } from './jpeg.ts'
import type { Rectangle } from './tiff/region.ts'
import { bindTurboJpeg, type TurboJpegLibrary } from './turbojpeg-binding.ts'

/** One colour component: its sampling and the first number of its quantisation table. */
export interface Component {
  h: number
  v: number
  step: number
}

const damaged = () => new SlideFileError('damaged', 'A JPEG image in the file is damaged.')

/** Tables by class and number, as DQT and DHT segments hold one or more of them (T.81, B.2.4). */
export function tablesIn(jpeg: Buffer, wanted: number): { id: number; bytes: Buffer }[] {
  return segments(jpeg).flatMap(({ marker, start, end }) => {
    if (marker !== wanted) return []
    const tables: { id: number; bytes: Buffer }[] = []
    for (let at = start + 4; at < end; ) {
      const id = jpeg[at]!
      const codes = () => jpeg.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0)
      const length = wanted === Marker.DQT ? 1 + (id >> 4 ? 128 : 64) : 17 + codes()
      tables.push({ id, bytes: jpeg.subarray(at, Math.min(at + length, end)) })
      at += length
    }
    return tables
  })
}

/** @throws SlideFileError `damaged` */
export function componentsOf(jpeg: Buffer): Component[] {
  const frame = segments(jpeg).find(({ marker }) => isFrame(marker))
  if (!frame) throw damaged()
  const steps = new Map(
    tablesIn(jpeg, Marker.DQT).map(({ id, bytes }) => [id & 15, id >> 4 ? bytes.readUInt16BE(1) : bytes[1]!]),
  )
  return Array.from({ length: jpeg[frame.start + 9]! }, (_, i) => {
    const at = frame.start + 10 + i * 3
    const step = steps.get(jpeg[at + 2]!)
    if (!step) throw damaged()
    return { h: jpeg[at + 1]! >> 4, v: jpeg[at + 1]! & 15, step }
  })
}

interface Region {
  x: number
  y: number
  w: number
  h: number
}

const BLOCK = 64
const NO_REALLOC = 1024
/** Comments and application segments are not part of the picture. */
const COPY_NO_MARKERS = 64
/** An average of 255 is 127 above the middle; the first coefficient is eight times the average. */
export const WHITE = 127 * 8

let filter: { lib: TurboJpegLibrary; transformer: unknown; type: ReturnType<typeof koffi.pointer> } | undefined

function bound() {
  if (filter) return filter
  const region = koffi.struct({ x: 'int', y: 'int', w: 'int', h: 'int' })
  const type = koffi.proto('int', ['void *', region, region, 'int', 'int', 'void *'])
  const lib = bindTurboJpeg()
  filter = { lib, transformer: lib.initTransform(), type: koffi.pointer(type) }
  return filter
}

/**
 * A complete JPEG whose rectangles are white. They grow to whole minimum coded units (16 x 16 pixels at 4:2:0); every
 * other unit keeps its coefficients, so that it decodes to the very same samples.
 * @param photometric TIFF's field, where the stream does not say that it holds RGB
 * @throws SlideFileError `damaged`; `unsupported` for more than three colours; `library-missing`
 */
export function blankJpeg(jpeg: Buffer, blanks: readonly Rectangle[], photometric?: number): Buffer {
  const components = componentsOf(jpeg)
  if (components.length !== 3 && components.length !== 1) {
    throw new SlideFileError('unsupported', 'A JPEG image in the file has four colours (CMYK).')
  }
  const mcu = { width: 8 * Math.max(...components.map(c => c.h)), height: 8 * Math.max(...components.map(c => c.v)) }
  const rgb = isRgbCoded(jpeg, photometric)
  const inside = (component: Component) => {
    const [width, height] = [mcu.width / component.h, mcu.height / component.v]
    const areas = blanks.map(({ x, y, width: w, height: h }) => ({
      left: (Math.floor(x / mcu.width) * mcu.width) / width,
      right: (Math.ceil((x + w) / mcu.width) * mcu.width) / width,
      top: (Math.floor(y / mcu.height) * mcu.height) / height,
      bottom: (Math.ceil((y + h) / mcu.height) * mcu.height) / height,
    }))
    return (column: number, row: number) =>
      areas.some(a => column >= a.left && column < a.right && row >= a.top && row < a.bottom)
  }
  const tests = components.map(inside)
  return transformed(jpeg, (coefficients, { y, w, h }, index) => {
    const component = components[index]!
    const white = rgb || index === 0 ? Math.ceil(WHITE / component.step) : 0
    const across = w / 8
    for (let block = 0; block < (w * h) / BLOCK; block++) {
      if (!tests[index]!(block % across, y / 8 + Math.floor(block / across))) continue
      coefficients.fill(0, block * BLOCK, (block + 1) * BLOCK)
      coefficients[block * BLOCK] = white
    }
  })
}

/** Rewrites a JPEG with other coefficients; `change` is given them row by row of blocks, 64 for each block. */
function transformed(
  jpeg: Buffer,
  change: (coefficients: Int16Array, region: Region, component: number) => void,
): Buffer {
  const { lib, transformer, type } = bound()
  const callback = koffi.register((pointer: unknown, region: Region, _plane: Region, component: number) => {
    change(new Int16Array(koffi.view(pointer as never, region.w * region.h * 2)), region, component)
    return 0
  }, type)
  try {
    const target = new Uint8Array(jpeg.length + 64 * 1024 + jpeg.length)
    const size = BigUint64Array.of(BigInt(target.length))
    const transforms = [
      { r: { x: 0, y: 0, w: 0, h: 0 }, op: 0, options: COPY_NO_MARKERS, data: null, customFilter: callback },
    ]
    const failed = lib.transform(transformer, jpeg, jpeg.length, 1, [target], size, transforms, NO_REALLOC)
    if (failed) throw damaged()
    return Buffer.from(target.subarray(0, Number(size[0])))
  } finally {
    koffi.unregister(callback)
  }
}

/**
 * The stream without the tables that it shares with TIFF's JPEGTables: readers that load those once (libtiff) must not
 * find others in one tile.
 */
export function withoutTables(jpeg: Buffer, shared: Buffer): Buffer {
  const known = new Set(
    [Marker.DQT, Marker.DHT].flatMap(kind => tablesIn(shared, kind).map(t => `${kind}:${t.bytes.toString('hex')}`)),
  )
  const parts: Buffer[] = []
  let at = 0
  for (const { marker, start, end } of segments(jpeg)) {
    if (marker !== Marker.DQT && marker !== Marker.DHT) continue
    const one = tablesIn(
      Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(start, end), Buffer.from([0xff, Marker.EOI])]),
      marker,
    )
    if (!one.every(({ bytes }) => known.has(`${marker}:${bytes.toString('hex')}`))) continue
    parts.push(jpeg.subarray(at, start))
    at = end
  }
  return Buffer.concat([...parts, jpeg.subarray(at)])
}
