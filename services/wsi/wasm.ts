/**
 * WebAssembly by hand, for the few loops over samples that want vector instructions: JavaScript has none, and a tenth of
 * the time is not worth a compiler in the tool chain. Opcodes: WebAssembly core specification, 5.4; vector instructions have
 * the prefix 0xfd.
 */

export const get = (local: number): number[] => [0x20, local]
export const set = (local: number): number[] => [0x21, local]
export const tee = (local: number): number[] => [0x22, local]
export const constant = (value: number): number[] => [0x41, value]
export const [add, subtract, shiftLeft, end] = [0x6a, 0x6b, 0x74, 0x0b] as const
/** Begins a loop; `again` goes on with the innermost one when the value at hand is not 0. */
export const repeat = [0x03, 0x40]
export const again = [0x0d, 0]
/** Sixteen bytes. */
export const load = (offset = 0): number[] => [0xfd, 0x00, 0, offset]
export const store = [0xfd, 0x0b, 0, 0]

/** A number as the format writes lengths (LEB128), below 2^14. */
const leb = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, value >> 7])
const section = (id: number, content: number[]): number[] => [id, ...leb(content.length), ...content]
const name = (text: string): number[] => [text.length, ...Buffer.from(text, 'latin1')]

/** A function of 32-bit numbers that returns nothing; its code begins with the locals. */
export interface WasmFunction {
  name: string
  parameters: number
  code: number[]
}

/** As far as it is needed; TypeScript has it in its types for browsers only. */
interface WasmApi {
  Memory: new (size: { initial: number; maximum: number }) => { buffer: ArrayBuffer }
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { exports: object }
}

const PAGE = 65_536

/** The bytes of a module with a memory that is given to it. */
export function wasmModule(functions: readonly WasmFunction[]): Uint8Array {
  const count = functions.length
  const types = functions.flatMap(({ parameters }) => [0x60, parameters, ...Array(parameters).fill(0x7f), 0])
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [count, ...types]),
    ...section(2, [1, ...name('own'), ...name('memory'), 2, 0, 1]), // a memory of at least one page
    ...section(3, [count, ...functions.keys()]),
    ...section(7, [count, ...functions.flatMap((one, i) => [...name(one.name), 0, i])]),
    ...section(10, [count, ...functions.flatMap(({ code }) => [...leb(code.length), ...code])]),
  ])
}

/**
 * A module's functions, and the memory that they work in.
 * @param bytes addresses that are reserved; what is not written to takes no memory
 */
export function runWasm<Functions extends object>(
  module: Uint8Array,
  bytes: number,
): Functions & { buffer: ArrayBuffer } {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WasmApi }
  const pages = Math.ceil(bytes / PAGE)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { own: { memory } })
  return { ...(exports as Functions), buffer: memory.buffer }
}
