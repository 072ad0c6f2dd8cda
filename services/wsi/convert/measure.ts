/** How near two pictures are: for tests of the converter and its benchmark. Pictures are interleaved 8-bit RGB. */

export interface Picture {
  width: number
  height: number
  data: Uint8Array
}

/** Mean squared error over the pixels that `a` shares with `b` moved by (dx, dy). */
export function meanSquaredError(a: Picture, b: Picture, dx = 0, dy = 0): number {
  const [x0, x1] = [Math.max(0, -dx), Math.min(a.width, b.width - dx)]
  const [y0, y1] = [Math.max(0, -dy), Math.min(a.height, b.height - dy)]
  let sum = 0
  for (let y = y0; y < y1; y++) {
    const [from, end] = [(y * a.width + x0) * 3, (y * a.width + x1) * 3]
    const offset = ((y + dy) * b.width + x0 + dx) * 3 - from
    for (let i = from; i < end; i++) {
      const difference = (a.data[i] as number) - (b.data[i + offset] as number)
      sum += difference * difference
    }
  }
  return sum / ((x1 - x0) * (y1 - y0) * 3)
}

/** Peak signal-to-noise ratio in dB; infinite for equal pictures. */
export const psnr = (a: Picture, b: Picture): number => 10 * Math.log10(255 ** 2 / meanSquaredError(a, b))

/** The shift of at most one pixel by which `b` fits `a` best; (0, 0) when others fit no better. */
export function bestShift(a: Picture, b: Picture): { dx: number; dy: number } {
  let best = { dx: 0, dy: 0, error: meanSquaredError(a, b) }
  for (const dy of [-1, 0, 1]) {
    for (const dx of [-1, 0, 1]) {
      const error = meanSquaredError(a, b, dx, dy)
      if (error < best.error) best = { dx, dy, error }
    }
  }
  return { dx: best.dx, dy: best.dy }
}

/** Half the size: each pixel is the average of 2x2, at odd edges of what exists. */
export function boxAverage({ width, height, data }: Picture): Picture {
  const half = { width: (width + 1) >> 1, height: (height + 1) >> 1 }
  const output = new Uint8Array(half.width * half.height * 3)
  for (let y = 0; y < half.height; y++) {
    const upper = 2 * y * width
    const lower = Math.min(2 * y + 1, height - 1) * width
    for (let x = 0; x < half.width; x++) {
      const right = Math.min(2 * x + 1, width - 1)
      const to = (y * half.width + x) * 3
      for (let c = 0; c < 3; c++) {
        const sum =
          (data[(upper + 2 * x) * 3 + c] as number) +
          (data[(upper + right) * 3 + c] as number) +
          (data[(lower + 2 * x) * 3 + c] as number) +
          (data[(lower + right) * 3 + c] as number)
        output[to + c] = (sum + 2) >> 2
      }
    }
  }
  return { ...half, data: output }
}

/** A rectangle of a picture, inside of it. */
export function cut(picture: Picture, x: number, y: number, width: number, height: number): Picture {
  const data = new Uint8Array(width * height * 3)
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * picture.width + x) * 3
    data.set(picture.data.subarray(from, from + width * 3), row * width * 3)
  }
  return { width, height, data }
}
