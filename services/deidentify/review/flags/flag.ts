/** Something a reviewer should look at, in level-0 pixels. What it says is never kept. */
export interface Flag {
  kind: 'ink' | 'text' | 'barcode'
  x: number
  y: number
  width: number
  height: number
  /** 0 to 1. */
  score: number
}

/** To be shown wherever flags are. */
export const FLAGS_NOTE =
  'Flags help to look; they decide nothing. A slide without flags may still show handwriting, ink or a sticker: look at it.'
