/** The views that one reader takes of a slide, one after the other; pure, so that a seed tells the whole session. */
import { DWELL, HOT_SPOTS, IMPATIENCE, PAN, STEPS, type Step, VIEWPORT } from './parameters.ts'
import { between, createRandom, logNormal, type Random, zipf } from './random.ts'

export interface SlideSize {
  /** Level-0 pixels. */
  width: number
  height: number
}

export interface View {
  /** How the reader came here. */
  step: 'open' | Step
  /** Centre, level-0 pixels. */
  x: number
  y: number
  /** Level-0 pixels per screen pixel, a power of two. */
  resolution: number
  /** How long the view is looked at once it is complete. */
  dwellSeconds: number
  /** The reader goes on before the view is complete. */
  impatient: boolean
}

/** Where readers of a slide like to look: the same places for all of them, since tissue is where it is. */
function hotSpots({ width, height }: SlideSize, slideSeed: number): { x: number; y: number }[] {
  const random = createRandom(slideSeed)
  // Tissue lies around the middle; the outer tenth is glass.
  return Array.from({ length: HOT_SPOTS.count }, () => ({
    x: between(random, [0.1, 0.9]) * width,
    y: between(random, [0.1, 0.9]) * height,
  }))
}

/** The endless views of one reader; the first shows the whole slide. */
export function* read(size: SlideSize, slideSeed: number, readerSeed: number): Generator<View, never> {
  const random = createRandom(readerSeed)
  const spots = hotSpots(size, slideSeed)
  const whole = wholeSlide(size)
  let heading = random() * 2 * Math.PI
  let view: View = { step: 'open', x: size.width / 2, y: size.height / 2, resolution: whole, ...manner(random, 'open') }
  for (;;) {
    yield view
    // There is nothing to pan to while the whole slide is on the screen.
    const step = view.resolution >= whole ? 'zoom-in' : chooseStep(random)
    if (step === 'pan' && random() > PAN.keepsHeading) heading = random() * 2 * Math.PI
    else heading += ((random() - 0.5) * PAN.turnDegrees * Math.PI) / 180
    view = { ...go(view, step, { size, spots, whole, heading, random }), step, ...manner(random, step) }
  }
}

/** The resolution at which a slide fits the screen. */
function wholeSlide({ width, height }: SlideSize): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, width / VIEWPORT.width, height / VIEWPORT.height)))
}

function chooseStep(random: Random): Step {
  let left = random()
  for (const { step, share } of STEPS) {
    left -= share
    if (left < 0) return step
  }
  return 'pan'
}

function manner(random: Random, step: View['step']): Pick<View, 'dwellSeconds' | 'impatient'> {
  return {
    dwellSeconds: Math.min(DWELL.mostSeconds, logNormal(random, DWELL.medianSeconds, DWELL.sigma)),
    impatient: step !== 'open' && random() < IMPATIENCE,
  }
}

interface Way {
  size: SlideSize
  spots: { x: number; y: number }[]
  whole: number
  heading: number
  random: Random
}

function go(from: View, step: Step, way: Way): Pick<View, 'x' | 'y' | 'resolution'> {
  const { size, spots, whole, heading, random } = way
  const spot = () => spots[zipf(random, spots.length, HOT_SPOTS.exponent)]!
  switch (step) {
    case 'pan': {
      const distance = between(random, PAN.screens) * VIEWPORT.width * from.resolution
      return {
        x: within(from.x + Math.cos(heading) * distance, size.width),
        y: within(from.y + Math.sin(heading) * distance, size.height),
        resolution: from.resolution,
      }
    }
    case 'zoom-in': {
      const closer = Math.max(1, from.resolution / (random() < 0.5 ? 2 : 4))
      return { ...spot(), resolution: closer }
    }
    case 'zoom-out':
      return { x: from.x, y: from.y, resolution: Math.min(whole, from.resolution * (random() < 0.5 ? 2 : 4)) }
    case 'jump':
      return { ...spot(), resolution: from.resolution }
  }
}

const within = (value: number, side: number): number => Math.min(side, Math.max(0, value))
