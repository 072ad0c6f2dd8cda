/**
 * Halving planes sixteen samples at a time. JavaScript has no vector instructions, WebAssembly has; and a tenth of a
 * conversion's time is not worth a compiler in the tool chain for one loop. Planes have to lie in this module's memory.
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
} from '../wasm.ts'

const addNeighbours = [0xfd, 0x7d]
const addLanes = [0xfd, 0x8e, 1]
const shiftLanesRight = [0xfd, 0x8d, 1]
const narrow = [0xfd, 0x66]
/** Every other average is rounded up and the rest down, so that no level is brighter than the one before. */
const rounding = [0xfd, 0x0c, ...Array.from({ length: 8 }, (_, lane) => [1 + (lane % 2), 0]).flat()]

const [SOURCE, SOURCE_STRIDE, TARGET, TARGET_STRIDE, GROUPS, ROWS] = [0, 1, 2, 3, 4, 5] as const
const [FROM, TO, LEFT] = [6, 7, 8] as const

/** Eight averages of 2x2 samples, from 16 samples of two rows. */
const averages = (offset: number) => [
  ...[...get(FROM), ...load(offset), ...addNeighbours],
  ...[...get(FROM), ...get(SOURCE_STRIDE), add, ...load(offset), ...addNeighbours],
  ...[...addLanes, ...rounding, ...addLanes, ...constant(2), ...shiftLanesRight],
]

const code = [
  ...[1, 3, 0x7f], // three local i32
  ...repeat, // rows
  ...[...get(SOURCE), ...set(FROM), ...get(TARGET), ...set(TO), ...get(GROUPS), ...set(LEFT)],
  ...repeat, // groups of 16 averages
  ...[...get(TO), ...averages(0), ...averages(16), ...narrow, ...store],
  ...[...get(FROM), ...constant(32), add, ...set(FROM)],
  ...[...get(TO), ...constant(16), add, ...set(TO)],
  ...[...get(LEFT), ...constant(1), subtract, ...tee(LEFT), ...again, end],
  ...[...get(SOURCE), ...get(SOURCE_STRIDE), ...constant(1), shiftLeft, add, ...set(SOURCE)],
  ...[...get(TARGET), ...get(TARGET_STRIDE), add, ...set(TARGET)],
  ...[...get(ROWS), ...constant(1), subtract, ...tee(ROWS), ...again, end],
  end,
]

const MODULE = wasmModule([{ name: 'halve', parameters: 6, code }])

/** Reserved addresses; what is not written to takes no memory. A block of 4:4:4 with its levels needs a quarter. */
const BYTES = 96 * 1024 * 1024

interface Functions {
  halve(source: number, sourceStride: number, target: number, targetStride: number, groups: number, rows: number): void
}

let loaded: (Functions & { buffer: ArrayBuffer; used: number }) | undefined

function simd() {
  loaded ??= { ...runWasm<Functions>(MODULE, BYTES), used: 0 }
  return loaded
}

/** A piece of this thread's memory, for as long as the thread lives; null when there is no more. */
export function allocateForSimd(bytes: number): Uint8Array | null {
  const own = simd()
  const start = own.used
  const next = (start + bytes + 15) & ~15
  if (next > BYTES) return null
  own.used = next
  return new Uint8Array(own.buffer, start, bytes)
}

/** Whether both planes lie where `halveSimd` can reach them. */
export const areForSimd = (source: Uint8Array, target: Uint8Array): boolean =>
  loaded !== undefined && source.buffer === loaded.buffer && target.buffer === loaded.buffer

/** Averages 2x2 samples into `width` x `height` ones; each row up to the next multiple of 16, which its stride has room for. */
export function halveSimd(
  source: Uint8Array,
  sourceStride: number,
  target: Uint8Array,
  targetStride: number,
  width: number,
  height: number,
): void {
  const groups = (width + 15) >> 4
  simd().halve(source.byteOffset, sourceStride, target.byteOffset, targetStride, groups, height)
}
