/** Bar codes in a picture, by zxing-cpp; what they say is thrown away. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { prepareZXingModule, readBarcodes, type ZXingReaderModule } from 'zxing-wasm/reader'
import type { Picture } from '../pictures/slide-pictures.ts'
import type { Flag } from './flag.ts'

let loaded: Promise<ZXingReaderModule> | undefined

/** The package fetches its WebAssembly from a public server unless it is given; a hospital's machine may reach none. */
async function load(): Promise<ZXingReaderModule> {
  const wasm = await readFile(fileURLToPath(import.meta.resolve('zxing-wasm/reader/zxing_reader.wasm')))
  const wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength)
  return prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
}

/** Codes of every sort, at any angle; a code that does not check scores half. */
export async function findBarcodes(picture: Picture): Promise<Flag[]> {
  loaded ??= load()
  await loaded
  const { width, height } = picture
  const image = { data: withAlpha(picture), width, height, colorSpace: 'srgb' as const }
  const found = await readBarcodes(image as Parameters<typeof readBarcodes>[0], {
    tryHarder: true,
    tryRotate: true,
    tryInvert: true,
    tryDownscale: true,
    returnErrors: true,
    maxNumberOfSymbols: 20,
  })
  return found.map(({ position, isValid }) => ({ kind: 'barcode', ...around(position), score: isValid ? 1 : 0.5 }))
}

interface Corners {
  topLeft: Point
  topRight: Point
  bottomLeft: Point
  bottomRight: Point
}
type Point = { x: number; y: number }

function around({ topLeft, topRight, bottomLeft, bottomRight }: Corners) {
  const corners = [topLeft, topRight, bottomLeft, bottomRight]
  const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)]
  const [x, y] = [Math.min(...xs), Math.min(...ys)]
  // A linear code is found on one line: as high as that is all that is known.
  return { x, y, width: Math.max(1, Math.max(...xs) - x), height: Math.max(1, Math.max(...ys) - y) }
}

function withAlpha({ width, height, data }: Picture): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(width * height * 4)
  for (let i = 0, from = 0; i < rgba.length; i += 4, from += 3) {
    rgba[i] = data[from]!
    rgba[i + 1] = data[from + 1]!
    rgba[i + 2] = data[from + 2]!
    rgba[i + 3] = 255
  }
  return rgba
}
