import { expect, test } from 'vitest'
import { decodeLzw } from '../tiff/lzw.ts'
import { encodeLzw, predict } from './lzw.ts'
import { random } from './noise.ts'

const noisy = (length: number, values: number) =>
  Buffer.from(Array.from({ length }, (_, i) => Math.floor(random(i, 0, 3) * values)))

test.each([0, 1, 255, 256, 257, 510, 511, 512, 767, 1023, 1024, 2047, 3837, 3838, 3839, 3840, 4096, 9000])(
  '%i bytes are read back, whatever is in them',
  length => {
    for (const values of [1, 2, 7, 256]) {
      const input = noisy(length, values)
      expect(decodeLzw(encodeLzw(input), length).equals(input)).toBe(true)
    }
  },
)

test('the first code clears the table, as readers of Aperio labels expect', () => {
  expect(encodeLzw(noisy(100, 256))[0]).toBe(0x80)
})

test('prediction keeps each row’s first pixel and stores differences after it', () => {
  const row = [10, 20, 30, 11, 19, 30, 11, 19, 35]
  expect([...predict(Uint8Array.from([...row, ...row]), 3)]).toEqual([
    ...[10, 20, 30, 1, 255, 0, 0, 0, 5],
    ...[10, 20, 30, 1, 255, 0, 0, 0, 5],
  ])
})
