/** Where a stream keeps a message: its number and its id. A number alone would be another message's in a stream that was restored. */
export const placeOf = (seq: number, id: string): string => `${seq}.${id}`

export function readPlace(place: string): { seq: number; id: string } {
  const dot = place.indexOf('.')
  return { seq: Number(place.slice(0, dot)), id: place.slice(dot + 1) }
}
