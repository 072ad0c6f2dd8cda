/**
 * How a person looks at a slide, as numbers. Published studies give the shape; where none gives a number that a load
 * generator can use, the number is ours and says so.
 *
 * - Zooming and panning are continuous rates that differ between people, not types of reader: Drew et al. 2021, "More
 *   scanners, but not drillers", J. Vision 21(11):7, 92 pathologists.
 * - Regions of interest are shared between readers, paths between them are straight: Roa-Peña et al. 2010, Diagnostic
 *   Pathology 5:71, 4 pathologists, 6 slides.
 * - Experience changes magnification more often and pans less: J. Pathology Informatics 2022, 32 pathologists, 36 cases.
 */

/** Of the map in the browser, CSS pixels: a maximised window on a 1920 x 1080 screen. */
export const VIEWPORT = { width: 1600, height: 900 }

/** Chromium opens six connections to an HTTP/1.1 origin. */
export const IN_FLIGHT = 6

/** Tiles that a browser keeps: 50 MB of its disk cache at 6 kB each (ours). */
export const BROWSER_CACHE_TILES = 8000

/** Seconds that a view is looked at: log-normal. Median and spread are ours. */
export const DWELL = { medianSeconds: 1.6, sigma: 0.8, mostSeconds: 20 }

/** What follows a view; ours, of the published shape: mostly panning, a third changes of magnification. */
export const STEPS = [
  { step: 'pan', share: 0.55 },
  { step: 'zoom-in', share: 0.3 },
  { step: 'zoom-out', share: 0.1 },
  { step: 'jump', share: 0.05 },
] as const
export type Step = (typeof STEPS)[number]['step']

/** A pan keeps its direction more often than not, and covers part of the screen (ours). */
export const PAN = { keepsHeading: 0.7, screens: [0.3, 0.9], turnDegrees: 40 } as const

/** Spots of a slide that readers zoom to; the i-th is chosen in proportion to 1 / i^exponent (ours). */
export const HOT_SPOTS = { count: 24, exponent: 1.1 }

/** Share of steps that come before the view before is complete, so that what is still wanted of it is given up (ours). */
export const IMPATIENCE = 0.25

/** Seconds between two drawings of an annotator, and corners of one (ours). */
export const DRAWING = { everySeconds: 20, corners: [12, 60] } as const
