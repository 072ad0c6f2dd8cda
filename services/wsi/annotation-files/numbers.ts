/** A coordinate with a point or a comma, with or without an exponent; NaN otherwise. Adding 0 turns -0 into 0. */
export function coordinate(text: string | undefined): number {
  const trimmed = (text ?? '').trim().replace(',', '.')
  return trimmed === '' ? Number.NaN : Number(trimmed) + 0
}
