/** What annotators add to reading: rings around what they look at, saved as the viewer saves them. */

import http from 'k6/http'
import { Counter, Rate, Trend } from 'k6/metrics'
import { DRAWING } from './parameters.ts'
import { between, createRandom, type Random } from './random.ts'
import { read, type View } from './reader.ts'
import { headers, open, pause, server, show, slideSeed } from './session.ts'

/** That a browser keeps to one server. */
const CONNECTIONS = 6
/** The viewer goes on for as long as its page is open; to this model a drawing is lost by then. */
const LOST_MS = 60_000

/** From the first try to the answer that it is stored. */
const saved = new Trend('annotation_saved', true)
const sentAgain = new Counter('annotations_sent_again')
const saveErrors = new Rate('annotation_errors')

/** A closed ring of some corners around the middle of a view, level-0 pixels. */
function ringAround({ x, y, resolution }: View, random: Random): [number, number][] {
  const corners = Math.round(between(random, DRAWING.corners))
  const radius = 200 * resolution
  const ring = Array.from({ length: corners }, (_, i): [number, number] => {
    const angle = (2 * Math.PI * i) / corners
    const reach = radius * between(random, [0.7, 1])
    return [x + Math.cos(angle) * reach, y + Math.sin(angle) * reach]
  })
  return [...ring, ring[0]!]
}

/** As `ApiError.retryable` and the waits of services/viewer/annotations/saver.ts have it. */
const isPassing = (status: number): boolean => status === 0 || status === 408 || status === 429 || status >= 500
const waitSeconds = (attempt: number): number => Math.min(20, 0.5 * 2 ** attempt)

async function save(id: string, ring: [number, number][]): Promise<void> {
  const feature = {
    type: 'Feature',
    id: crypto.randomUUID(),
    geometry: { type: 'Polygon', coordinates: [ring] },
    properties: { objectType: 'annotation', classification: { name: 'Tumor', color: [200, 0, 0] } },
  }
  const post = () =>
    http.asyncRequest('POST', `${server}/api/slides/${id}/annotations`, JSON.stringify(feature), {
      headers: { ...headers, 'content-type': 'application/geo+json' },
      tags: { name: 'save annotation' },
    })
  // A server may close idle connections in the moment in which one is used again: browsers then send once more, at last on
  // a new one. k6 does so by itself for what only reads.
  async function send() {
    let answer = await post()
    for (let i = 0; i < CONNECTIONS && answer.status === 0 && answer.timings.connecting === 0; i += 1)
      answer = await post()
    return answer
  }
  const begun = Date.now()
  let answer = await send()
  for (let attempt = 0; isPassing(answer.status) && Date.now() - begun < LOST_MS; attempt += 1) {
    console.warn(`a drawing was answered ${answer.status}, and is sent again: ${answer.body}`)
    sentAgain.add(1)
    await pause(waitSeconds(attempt))
    answer = await send()
  }
  saved.add(Date.now() - begun)
  saveErrors.add(answer.status !== 201)
  if (answer.status !== 201) console.warn(`a drawing was answered ${answer.status}: ${answer.body}`)
}

/** Reads a slide and draws on it now and then. */
export async function annotateSlide(id: string, views: number, readerSeed: number): Promise<void> {
  const window = await open(id)
  const session = read(window.slide, slideSeed(id), readerSeed)
  const random = createRandom(readerSeed + 1)
  let lastDrawn = Date.now()
  for (let i = 0; i < views; i += 1) {
    const view = session.next().value
    await show(window, view)
    await pause(view.impatient ? 0.1 : view.dwellSeconds)
    if (Date.now() - lastDrawn < DRAWING.everySeconds * 1000) continue
    lastDrawn = Date.now()
    await save(id, ringAround(view, random))
  }
}
