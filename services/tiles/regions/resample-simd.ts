/**
 * One row of a plane from several rows, and one from another of another width, as weighted sums: sixteen samples at a time
 * in WebAssembly, since JavaScript has no vector instructions. libvips, through its pipeline of three channels, takes five
 * times as long for a picture of 512 px. Planes have to lie in this module's memory.
 */

import {
  add,
  again,
  constant,
  end,
  get,
  load,
  repeat,
  runWasm,
  set,
  shiftLeft,
  store,
  subtract,
  tee,
  wasmModule,
} from '@coverslip/wsi/wasm.ts'

/** Weights of an output sample: so many, the unused ones zero. */
export const TAPS = 16
/** A weight of 1 as a number. */
export const ONE = 1 << 14

/** Addresses are those of the memory. Weights are 16 signed 16-bit numbers an output sample. */
export interface ResampleSimd {
  buffer: ArrayBuffer
  /** Weighted sum of 2 x `pairs` rows that lie one `stride` apart, 16 x `groups` samples long. */
  rows(source: number, stride: number, target: number, groups: number, pairs: number, weights: number): void
  /** 4 x `quads` weighted sums of up to 8 or 16 neighbouring samples; `places` are 32-bit indices of the first of each. */
  columns8(source: number, target: number, quads: number, places: number, weights: number): void
  columns16(source: number, target: number, quads: number, places: number, weights: number): void
}

// Instructions that only these loops need; see wsi/wasm.ts.
const loadIndex = (offset: number) => [0x28, 0, offset]
const loadToAllLanes = [0xfd, 0x09, 0, 0]
const storeFirstFour = [0xfd, 0x5a, 0, 0, 0]
const lowToWords = [0xfd, 0x89, 1]
const highToWords = [0xfd, 0x8a, 1]
const sumOfProducts = [0xfd, 0xba, 1]
const addLanes = [0xfd, 0xae, 1]
const half = [0xfd, 0x0c, ...Array.from({ length: 4 }, () => [0, (ONE / 2) >> 8, 0, 0]).flat()]
/** Sums become samples. */
const withoutFraction = [...constant(Math.log2(ONE)), 0xfd, 0xac, 1]
const toWords = [0xfd, 0x85, 1]
const toBytes = [0xfd, 0x66]

const shuffleBytes = (lanes: number[]) => [0xfd, 0x0d, ...lanes]
const shuffleQuads = (lanes: number[]) => shuffleBytes(lanes.flatMap(lane => [0, 1, 2, 3].map(byte => lane * 4 + byte)))
/** The samples of two rows by turns, from one on. */
const byTurns = (first: number) =>
  shuffleBytes(Array.from({ length: 16 }, (_, i) => (i % 2) * 16 + first + Math.floor(i / 2)))
const plus = (local: number, value: number) => [...get(local), ...constant(value), add, ...set(local)]
const countDown = (local: number) => [...get(local), ...constant(1), subtract, ...tee(local), ...again, end]

function rowsCode(): number[] {
  const [SOURCE, STRIDE, TARGET, GROUPS, PAIRS, WEIGHTS, FROM, WEIGHT, LEFT] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const
  const [UPPER, LOWER, FACTORS, MIXED] = [9, 10, 11, 12] as const
  const SUMS = [13, 14, 15, 16] as const
  const addTo = (sum: number, part: number[]) => [
    ...[...get(sum), ...get(MIXED), ...part, ...get(FACTORS), ...sumOfProducts, ...addLanes, ...set(sum)],
  ]
  const rounded = (sum: number) => [...get(sum), ...withoutFraction]
  return [
    ...[2, 3, 0x7f, 8, 0x7b], // locals: three i32, eight v128
    ...repeat, // groups of 16 samples
    ...[...get(SOURCE), ...set(FROM), ...get(WEIGHTS), ...set(WEIGHT), ...get(PAIRS), ...set(LEFT)],
    ...SUMS.flatMap(sum => [...half, ...set(sum)]),
    ...repeat, // pairs of rows
    ...[...get(WEIGHT), ...loadToAllLanes, ...set(FACTORS)],
    ...[...get(FROM), ...load(), ...set(UPPER), ...get(FROM), ...get(STRIDE), add, ...load(), ...set(LOWER)],
    ...[...get(UPPER), ...get(LOWER), ...byTurns(0), ...set(MIXED)],
    ...[...addTo(SUMS[0], lowToWords), ...addTo(SUMS[1], highToWords)],
    ...[...get(UPPER), ...get(LOWER), ...byTurns(8), ...set(MIXED)],
    ...[...addTo(SUMS[2], lowToWords), ...addTo(SUMS[3], highToWords)],
    ...[...get(FROM), ...get(STRIDE), ...constant(1), shiftLeft, add, ...set(FROM), ...plus(WEIGHT, 4)],
    ...countDown(LEFT),
    ...[...get(TARGET), ...rounded(SUMS[0]), ...rounded(SUMS[1]), ...toWords],
    ...[...rounded(SUMS[2]), ...rounded(SUMS[3]), ...toWords, ...toBytes, ...store],
    ...[...plus(SOURCE, 16), ...plus(TARGET, 16), ...countDown(GROUPS), end],
  ]
}

function columnsCode(taps: 8 | 16): number[] {
  const [SOURCE, TARGET, QUADS, PLACES, WEIGHTS, SAMPLES] = [0, 1, 2, 3, 4, 5] as const
  const SUMS = [6, 7, 8, 9] as const
  const products = (part: number[], offset: number) => [
    ...[...get(SAMPLES), ...part, ...get(WEIGHTS), ...load(offset), ...sumOfProducts],
  ]
  const sumOf = (sum: number, i: number) => [
    ...[...get(SOURCE), ...get(PLACES), ...loadIndex(i * 4), add, ...load(), ...set(SAMPLES)],
    ...products(lowToWords, i * TAPS * 2),
    ...(taps === 16 ? [...products(highToWords, i * TAPS * 2 + 16), ...addLanes] : []),
    ...set(sum),
  ]
  /** Of each of two vectors the sums of its first and third, second and fourth lane. */
  const folded = (one: number, other: number) => [
    ...[...get(one), ...get(other), ...shuffleQuads([0, 1, 4, 5])],
    ...[...get(one), ...get(other), ...shuffleQuads([2, 3, 6, 7]), ...addLanes],
  ]
  return [
    ...[1, 5, 0x7b], // locals: five v128
    ...repeat,
    ...SUMS.flatMap(sumOf),
    ...[...folded(SUMS[0], SUMS[1]), ...set(SUMS[0]), ...folded(SUMS[2], SUMS[3]), ...set(SUMS[2])],
    ...get(TARGET),
    ...[...get(SUMS[0]), ...get(SUMS[2]), ...shuffleQuads([0, 2, 4, 6])],
    ...[...get(SUMS[0]), ...get(SUMS[2]), ...shuffleQuads([1, 3, 5, 7]), ...addLanes],
    ...[...half, ...addLanes, ...withoutFraction, ...tee(SAMPLES), ...get(SAMPLES), ...toWords, ...tee(SAMPLES)],
    ...[...get(SAMPLES), ...toBytes, ...storeFirstFour],
    ...[...plus(TARGET, 4), ...plus(PLACES, 16), ...get(WEIGHTS), ...[0x41, 0x80, 0x01], add, ...set(WEIGHTS)],
    ...[...countDown(QUADS), end],
  ]
}

const MODULE = wasmModule([
  { name: 'rows', parameters: 6, code: rowsCode() },
  { name: 'columns8', parameters: 5, code: columnsCode(8) },
  { name: 'columns16', parameters: 5, code: columnsCode(16) },
])

/** @param bytes addresses that are reserved; what is not written to takes no memory */
export const createResampleSimd = (bytes: number): ResampleSimd => runWasm(MODULE, bytes)
