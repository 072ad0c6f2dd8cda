/**
 * Colours of haematoxylin and eosin by Beer–Lambert: light through stain of optical density D keeps 10^-D of each
 * channel, and densities of two stains add (Ruifrok and Johnston, "Quantification of histochemical staining by color
 * deconvolution", Anal Quant Cytol Histol 2001;23:291–299).
 */

type Rgb = readonly [number, number, number]

/** Unit optical density of haematoxylin, from the paper above. */
const HAEMATOXYLIN: Rgb = [0.65, 0.704, 0.286]

/**
 * Unit optical density of eosin. Ruifrok's own (0.072, 0.990, 0.105) is magenta; slide scanners show the salmon of
 * Macenko et al., "A method for normalizing histology slides" (ISBI 2009).
 */
const EOSIN: Rgb = [0.2159, 0.8012, 0.5581]

/** Empty glass, near white. */
const GLASS: Rgb = [243, 242, 244]

const STEPS = 2048
const MAX_DENSITY = 3

/** Transmission per density step and channel, interleaved. */
function transmission(vector: Rgb): Float32Array {
  const table = new Float32Array(STEPS * 3)
  for (let i = 0; i < STEPS; i++) {
    for (let c = 0; c < 3; c++) table[i * 3 + c] = 10 ** -((i / STEPS) * MAX_DENSITY * (vector[c] as number))
  }
  return table
}

const haematoxylinTable = transmission(HAEMATOXYLIN)
const eosinTable = transmission(EOSIN)

const step = (density: number) => {
  const i = (density * (STEPS / MAX_DENSITY)) | 0
  return i < 0 ? 0 : i >= STEPS ? (STEPS - 1) * 3 : i * 3
}

/**
 * Writes the 8-bit RGB of one pixel at `out[at]`.
 * @param light lamp brightness, about 1; @param dither 0..1, decides which way the value is rounded
 */
export function putStained(
  out: Uint8Array,
  at: number,
  haematoxylin: number,
  eosin: number,
  light: number,
  dither: number,
): void {
  const h = step(haematoxylin)
  const e = step(eosin)
  const red = GLASS[0] * light * (haematoxylinTable[h] as number) * (eosinTable[e] as number) + dither
  const green = GLASS[1] * light * (haematoxylinTable[h + 1] as number) * (eosinTable[e + 1] as number) + dither
  const blue = GLASS[2] * light * (haematoxylinTable[h + 2] as number) * (eosinTable[e + 2] as number) + dither
  out[at] = red > 255 ? 255 : red
  out[at + 1] = green > 255 ? 255 : green
  out[at + 2] = blue > 255 ? 255 : blue
}
