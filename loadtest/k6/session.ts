/** One reader at work: opens a slide and shows view after view, with a browser's connections, cache and impatience. */
import http from 'k6/http'
import { Counter, Rate, Trend } from 'k6/metrics'
import { setTimeout } from 'k6/timers'
import { BROWSER_CACHE_TILES, IN_FLIGHT } from './parameters.ts'
import { read, type View } from './reader.ts'
import { type DeepZoom, parseDeepZoom, tilesOf } from './tiles.ts'

const firstFullView = new Trend('first_full_view', true)
const viewportComplete = new Trend('viewport_complete', true)
const tileTime = new Trend('tile_time', true)
const tileErrors = new Rate('tile_errors')
const tiles = new Counter('tiles')
const givenUp = new Counter('tiles_given_up')
const fromBrowser = new Counter('tiles_in_browser_cache')

export const server = __ENV.COVERSLIP_URL ?? 'http://127.0.0.1:8080'
export const headers = { authorization: `Bearer ${__ENV.COVERSLIP_TOKEN ?? ''}` }
/** The slides to read, by id. */
export const slides = (__ENV.COVERSLIP_SLIDES ?? '').split(',').filter(id => id !== '')

export const pause = (seconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, seconds * 1000))

export const get = (path: string, name: string) =>
  http.asyncRequest('GET', path.startsWith('http') ? path : `${server}${path}`, null, { headers, tags: { name } })

/** An open slide in one browser window. */
export interface Window {
  slide: DeepZoom
  /** What the browser has; the oldest leave first. */
  cached: Set<string>
  openedAt: number
}

/** Opens a slide as the viewer does: what it is, then its Deep Zoom description. */
export async function open(id: string): Promise<Window> {
  const openedAt = Date.now()
  const [about, description] = await Promise.all([get(`/api/slides/${id}`, 'slide'), get(`/tiles/${id}.dzi`, 'dzi')])
  const good = about.status === 200 && description.status === 200
  tileErrors.add(!good)
  if (!good) throw new Error(`slide ${id} does not open: ${about.status}, ${description.status}`)
  return { slide: parseDeepZoom(description.body as string, description.url), cached: new Set(), openedAt }
}

/** Shows a view and waits until the screen is complete; an impatient reader leaves when half of it is there. */
export async function show(window: Window, view: View): Promise<void> {
  const wanted = tilesOf(window.slide, view)
  const missing = wanted.filter(url => !window.cached.has(url))
  fromBrowser.add(wanted.length - missing.length)
  const enough = view.impatient ? Math.ceil(missing.length / 2) : missing.length
  const begun = Date.now()
  let next = 0
  const loadSome = async (): Promise<void> => {
    while (next < enough) await loadTile(missing[next++]!, window.cached)
  }
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, enough) }, loadSome))
  givenUp.add(missing.length - enough)
  if (view.impatient) return
  if (view.step === 'open') firstFullView.add(Date.now() - window.openedAt)
  else if (missing.length > 0) viewportComplete.add(Date.now() - begun, { step: view.step })
}

async function loadTile(url: string, cached: Set<string>): Promise<void> {
  const begun = Date.now()
  const answer = await http.asyncRequest('GET', url, null, { headers, responseType: 'none', tags: { name: 'tile' } })
  tiles.add(1)
  tileTime.add(Date.now() - begun)
  const good = answer.status === 200
  tileErrors.add(!good)
  if (!good) return
  if (cached.size >= BROWSER_CACHE_TILES) cached.delete(cached.values().next().value!)
  cached.add(url)
}

/** Reads one slide: `views` views, each as long as it takes. */
export async function readSlide(id: string, views: number, slideSeed: number, readerSeed: number): Promise<void> {
  const window = await open(id)
  const session = read(window.slide, slideSeed, readerSeed)
  for (let i = 0; i < views; i += 1) {
    const view = session.next().value
    await show(window, view)
    await pause(view.impatient ? 0.1 : view.dwellSeconds)
  }
}

/** The seed of a slide: all who read it look at the same places. */
export const slideSeed = (id: string): number => Number.parseInt(id.slice(0, 8), 16)
