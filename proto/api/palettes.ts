/**
 * Colours of heat maps, from the lowest value to the highest: sixteen stops at equal distances, between which channels are
 * interpolated. Within 9 of 255 of the tables that they were taken from: matplotlib's viridis, magma and inferno (CC0) and
 * ColorBrewer's RdBu (Apache 2.0), blue to red.
 */
export const PALETTES = {
  viridis:
    '440154 481a6c 472f7d 414487 39568c 31688e 2a788e 23888e 1f988b 22a884 35b779 54c568 7ad151 a5db36 d2e21b fde725',
  magma:
    '000004 0b0924 20114b 3b0f70 57157e 721f81 8c2981 a8327d c43c75 de4968 f1605d fa7f5e fe9f6d febf84 fddea0 fcfdbf',
  inferno:
    '000004 0c0826 240c4f 420a68 5d126e 781c6d 932667 ae305c c73e4c dd513a ed6925 f8850f fca50a fac62d f2e661 fcffa4',
  diverging:
    '053061 185493 2c75b4 4393c3 78b4d5 a7d0e4 d1e5f0 eaf1f5 f9eee7 fddbc7 f7b799 ea8e70 d6604d be3036 991027 67001f',
  grey: '000000 111111 222222 333333 444444 555555 666666 777777 888888 999999 aaaaaa bbbbbb cccccc dddddd eeeeee ffffff',
} as const

export type Palette = keyof typeof PALETTES
export const PALETTE_NAMES = Object.keys(PALETTES) as [Palette, ...Palette[]]

/** The stops as `#rrggbb`. */
export const stopsOf = (palette: Palette): string[] => PALETTES[palette].split(' ').map(hex => `#${hex}`)
