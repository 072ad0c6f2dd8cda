/** What annotators add to reading: rings around what they look at, saved as the viewer saves them. */

import http from 'k6/http'
import { Rate, Trend } from 'k6/metrics'
import { DRAWING } from './parameters.ts'
import { between, createRandom, type Random } from './random.ts'
import { read, type View } from './reader.ts'
import { headers, open, pause, server, show, slideSeed } from './session.ts'

/** That a browser keeps to one server. */
const CONNECTIONS = 6

const saved = new Trend('annotation_saved', true)
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

async function save(id: string, ring: [number, number][]): Promise<void> {
  const feature = {
    type: 'Feature',
    id: crypto.randomUUID(),
    geometry: { type: 'Polygon', coordinates: [ring] },
    properties: { objectType: 'annotation', classification: { name: 'Tumor', color: [200, 0, 0] } },
  }
  const send = () =>
    http.asyncRequest('POST', `${server}/api/slides/${id}/annotations`, JSON.stringify(feature), {
      headers: { ...headers, 'content-type': 'application/geo+json' },
      tags: { name: 'save annotation' },
    })
  const begun = Date.now()
  let answer = await send()
  // A server may close idle connections in the moment in which one is used again: browsers then send once more, at last on
  // a new one. k6 does so by itself for what only reads.
  for (let i = 0; i < CONNECTIONS && answer.status === 0 && answer.timings.connecting === 0; i += 1)
    answer = await send()
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
