/** Plots as SVG, small enough to read in a repository. */

export interface Line {
  label: string
  points: { x: number; y: number }[]
}

const SIZE = { width: 640, height: 220, left: 56, bottom: 28, top: 28, right: 12 }
const COLOURS = ['#1f6f8b', '#c0392b', '#6b8e23', '#8e44ad']

/** A line plot with both axes from zero. @param unit of the vertical axis */
export function plotLines(title: string, unit: string, lines: Line[]): string {
  const points = lines.flatMap(line => line.points)
  const most = {
    x: Math.max(1, ...points.map(({ x }) => x)),
    y: niceCeiling(Math.max(1e-9, ...points.map(({ y }) => y))),
  }
  const place = ({ x, y }: { x: number; y: number }): string =>
    `${(SIZE.left + (x / most.x) * inner.width).toFixed(1)},${(SIZE.top + (1 - y / most.y) * inner.height).toFixed(1)}`
  const drawn = lines.map(
    (line, i) =>
      `<polyline fill="none" stroke="${COLOURS[i % COLOURS.length]}" stroke-width="1.5" points="${line.points.map(place).join(' ')}"/>` +
      `<text x="${SIZE.left + 8 + i * 150}" y="${SIZE.height - 8}" fill="${COLOURS[i % COLOURS.length]}">${escapeXml(line.label)}</text>`,
  )
  return frame(title, [
    ...axis(most.y, unit),
    ...drawn,
    text(SIZE.width - SIZE.right, SIZE.height - 8, `${Math.round(most.x)} s`, 'end'),
  ])
}

/** Horizontal bars, one group per label. @param unit of the values */
export function plotBars(
  title: string,
  unit: string,
  bars: { label: string; value: number; limit?: number }[],
): string {
  const most = niceCeiling(Math.max(1e-9, ...bars.flatMap(({ value, limit = 0 }) => [value, limit])))
  const step = inner.height / Math.max(1, bars.length)
  const left = 150
  const wide = SIZE.width - left - 80
  const drawn = bars.flatMap(({ label, value, limit }, i) => {
    const y = SIZE.top + i * step
    const missed = limit !== undefined && value > limit
    return [
      text(left - 8, y + step / 2 + 4, label, 'end'),
      `<rect x="${left}" y="${(y + step * 0.2).toFixed(1)}" width="${((value / most) * wide).toFixed(1)}" height="${(step * 0.6).toFixed(1)}" fill="${missed ? COLOURS[1] : COLOURS[0]}"/>`,
      ...(limit === undefined
        ? []
        : [
            `<line x1="${(left + (limit / most) * wide).toFixed(1)}" x2="${(left + (limit / most) * wide).toFixed(1)}" y1="${y.toFixed(1)}" y2="${(y + step).toFixed(1)}" stroke="#444" stroke-dasharray="3 2"/>`,
          ]),
      text(left + (value / most) * wide + 6, y + step / 2 + 4, `${round(value)} ${unit}`, 'start'),
    ]
  })
  return frame(title, drawn)
}

const inner = { width: SIZE.width - SIZE.left - SIZE.right, height: SIZE.height - SIZE.top - SIZE.bottom }

function axis(most: number, unit: string): string[] {
  return [0, 0.5, 1].flatMap(share => {
    const y = SIZE.top + (1 - share) * inner.height
    return [
      `<line x1="${SIZE.left}" x2="${SIZE.width - SIZE.right}" y1="${y}" y2="${y}" stroke="#ddd"/>`,
      text(SIZE.left - 6, y + 4, `${round(most * share)} ${unit}`, 'end'),
    ]
  })
}

const frame = (title: string, parts: string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="sans-serif" font-size="11">` +
  `<rect width="100%" height="100%" fill="#fff"/>${text(SIZE.left, 16, title, 'start')}${parts.join('')}</svg>\n`

const text = (x: number, y: number, words: string, anchor: 'start' | 'end'): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="#333">${escapeXml(words)}</text>`

const escapeXml = (words: string): string => words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const round = (value: number): string =>
  value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(2)

/** The next 1, 2 or 5 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5].find(step => step * power >= value) ?? 10) * power
}
