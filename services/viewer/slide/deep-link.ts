/** The view in the address: `?x=&y=&zoom=` — centre in level-0 pixels, zoom 0 = one slide pixel per screen pixel. */
export interface ViewPlace {
  x: number
  y: number
  /** Slide pixels per screen pixel. */
  resolution: number
}

const finite = (text: string | null): number | null => {
  const value = text === null || text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : null
}

export function readPlace(search: string): ViewPlace | null {
  const query = new URLSearchParams(search)
  const [x, y, zoom] = [finite(query.get('x')), finite(query.get('y')), finite(query.get('zoom'))]
  if (x === null || y === null || zoom === null || Math.abs(zoom) > 30) return null
  return { x, y, resolution: 2 ** -zoom }
}

export function writePlace({ x, y, resolution }: ViewPlace): string {
  const zoom = -Math.log2(resolution)
  return `?x=${Math.round(x)}&y=${Math.round(y)}&zoom=${Number(zoom.toFixed(2))}`
}
