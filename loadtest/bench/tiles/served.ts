/** Servers of one picture, each with its own address of a place. */
import type { Target } from './load.ts'
import { assertSamePicture } from './same-picture.ts'
import { randomOrder } from './scripts.ts'
import type { BenchSlide, Place } from './slide.ts'

export interface Served {
  name: string
  url: string
  pids: number[]
  token?: string
  pathOf(place: Place): string
  /** Its tiles are cut in another way: they are not compared with those of the others. */
  otherTiles?: boolean
}

/** A server as it was started. */
interface Running {
  url: string
  pid(): number
  stop(): Promise<unknown>
}

/** Stops the server when the slide goes. */
export function served(
  { stops }: Pick<BenchSlide, 'stops'>,
  name: string,
  server: Running,
  rest: Omit<Served, 'name' | 'url' | 'pids'>,
): Served {
  stops.push(() => server.stop())
  return { name, url: server.url, pids: [server.pid()], ...rest }
}

export function targetOf({ name, url, pids, token, pathOf }: Served, places: Place[]): Target {
  const script = randomOrder(places.map(pathOf), token)
  return { name, url, pids, script: () => script }
}

/** @throws Error that names the server that shows something else at a place of the two largest levels */
export async function assertAllAlike(all: Served[], { width, height }: BenchSlide['size']): Promise<void> {
  const alike = all.filter(one => !one.otherTiles)
  for (const down of [0, 1]) {
    const place = { down, x: Math.floor(width / 1024 / 2 ** down), y: Math.floor(height / 1024 / 2 ** down) }
    await assertSamePicture(
      alike.map(({ name, url, token, pathOf }) => ({ name, url: url + pathOf(place), ...(token && { token }) })),
    )
  }
}
