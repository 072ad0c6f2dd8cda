/** Two processes build the pyramid of one slide; one of them dies. */
import { setTimeout as sleep } from 'node:timers/promises'
import { qualityReport } from '@coverslip/proto/api/quality.ts'
import type { Slide } from '@coverslip/proto/api.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Client, clientOf, eventually } from '../client.ts'
import { processesOf, type Shape } from '../shape.ts'
import { madeBytes } from './made.ts'

/** Twelve parts of 2048 pixels, with some left over in either direction. */
const SIZE = { width: 7700, height: 5200 }

export function buildingSuite(shape: () => Shape): void {
  describe('several workers', () => {
    let client: Client
    let bytes: Buffer
    beforeAll(async () => {
      client = clientOf(shape())
      bytes = await madeBytes({ ...SIZE, seed: 61, workers: 2 })
      expect(processesOf(shape(), 'pyramid')).toHaveLength(2)
    })

    /** What the catalog says from the slide's appearance to its end, as often as it changes. */
    async function follow(id: string, seen: (slide: Slide) => Promise<void>): Promise<number[]> {
      const told: number[] = []
      await eventually(120, 'the slide to be ready', async () => {
        const slide = await client.slide(id)
        if (slide.progress !== told.at(-1)) told.push(slide.progress)
        await seen(slide)
        return slide.state === 'ready' ? true : undefined
      })
      return told
    }

    test.each([
      ['none of them dies', 0],
      ['one is killed half-way, and the other ends it', 1],
      ['all are killed half-way and come back', 2],
    ])(
      'build one slide together: %s',
      async (_title, deaths) => {
        const doomed = processesOf(shape(), 'pyramid').slice(0, deaths)
        const id = await client.upload([{ name: 'large.svs', bytes }])
        let killed = false
        const told = await follow(id, async ({ state }) => {
          // Half-way: some parts are there, and no pyramid yet.
          if (killed || state !== 'tiling' || (await shape().objects('pyramid', id)).size === 0) return
          killed = true
          for (const process of doomed) await shape().kill(process)
          await sleep(300)
          if (deaths === 2) for (const process of doomed) await shape().restart(process)
        })
        if (deaths === 1) await shape().restart(doomed[0]!)
        expect({ killed, told: told.toSorted((a, b) => a - b) }).toEqual({ killed: true, told })
        expect(told.at(-1)).toBe(1)

        // Those who ask a process that has just come back are told to ask again.
        const report = await eventually(20, 'the quality report', async () =>
          qualityReport.parse(await client.json(`/api/slides/${id}/quality`)),
        )
        expect(report.parts.count).toBe(12)
        expect(report.levels[0]!.ssim).toBeGreaterThan(0.5)
        await eventually(20, 'the parts to be removed', async () => {
          const keys = [...(await shape().objects('pyramid', id)).keys()]
          return keys.length === 1 && keys[0] === `${id}/1/pyramid.tiff` ? true : undefined
        })
        expect((await client.get(`/tiles/${id}/1_files/13/29_19.jpeg`)).status).toBe(200)
      },
      240_000,
    )
  })
}
