/** Connected parts of a mask. */
export interface Component {
  x: number
  y: number
  width: number
  height: number
  /** Cells that belong to it. */
  area: number
}

/** Parts that touch, corners included. @param mask not 0: belongs; row by row */
export function componentsOf(mask: Uint8Array, width: number, height: number): Component[] {
  const seen = new Uint8Array(mask.length)
  const stack = new Int32Array(mask.length)
  const components: Component[] = []
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || seen[start] === 1) continue
    components.push(flood(mask, seen, stack, start, width, height))
  }
  return components
}

function flood(mask: Uint8Array, seen: Uint8Array, stack: Int32Array, start: number, width: number, height: number) {
  let [x0, y0, x1, y1, area, depth] = [width, height, 0, 0, 0, 0]
  seen[start] = 1
  stack[depth++] = start
  while (depth > 0) {
    const at = stack[--depth]!
    const [x, y] = [at % width, Math.floor(at / width)]
    area += 1
    x0 = Math.min(x0, x)
    x1 = Math.max(x1, x)
    y0 = Math.min(y0, y)
    y1 = Math.max(y1, y)
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
        const next = v * width + u
        if (mask[next] === 0 || seen[next] === 1) continue
        seen[next] = 1
        stack[depth++] = next
      }
    }
  }
  return { x: x0, y: y0, width: x1 - x0 + 1, height: y1 - y0 + 1, area }
}
