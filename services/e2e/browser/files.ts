/** Annotation files through the buttons of the viewer. */
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { openViewer } from './drawing.ts'
import type { World } from './world.ts'

const XML = `<?xml version="1.0"?>
<Annotations MicronsPerPixel="0.5">
  <Annotation Id="1" Name="Read by hand" LineColor="255"><Regions>
    <Region Id="1" Type="0" Text="border"><Vertices>
      <Vertex X="100" Y="100"/><Vertex X="400" Y="100"/><Vertex X="400" Y="300"/>
    </Vertices></Region>
    <Region Id="2" Type="1"><Vertices><Vertex X="500" Y="100"/><Vertex X="700" Y="250"/></Vertices></Region>
  </Regions></Annotation>
</Annotations>`

const ring = [
  [100, 500],
  [300, 500],
  [300, 700],
  [100, 700],
  [100, 500],
]
const GEOJSON = JSON.stringify({
  type: 'FeatureCollection',
  features: [
    {
      type: 'Feature',
      id: '3b6b2c1a-6f0e-4a76-9a1c-0d1c8f6a2b11',
      geometry: { type: 'Polygon', coordinates: [ring] },
      properties: {
        objectType: 'annotation',
        name: 'from QuPath',
        classification: { name: 'Tumor', color: [200, 0, 0] },
      },
    },
  ],
})

async function exported(
  page: Page,
  button: 'GeoJSON' | 'ImageScope' | 'ASAP',
): Promise<{ name: string; text: string }> {
  const waiting = page.waitForEvent('download')
  await page.getByRole('link', { name: button, exact: true }).click()
  const download = await waiting
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') }
}

export function filesSuite(world: () => World, slideId: () => string): void {
  describe('annotation files', () => {
    let page: Page
    const importFile = async (name: string, text: string) => {
      const file = { name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) }
      await page.getByLabel(/^Annotation file/).setInputFiles(file)
    }
    beforeAll(async () => {
      page = await world().visitor('annotator', { acceptDownloads: true })
      await openViewer(page, slideId())
    })

    test('ImageScope XML and GeoJSON come in by the button', async () => {
      await importFile('reading.xml', XML)
      await page.getByText('2 annotations imported.').waitFor()
      await page.locator('.annotation-list li', { hasText: 'border' }).waitFor()
      await importFile('quPath.geojson', GEOJSON)
      await page.getByText('1 annotation imported.').waitFor()
      await page.locator('.annotation-list li', { hasText: 'from QuPath' }).waitFor()
      await page.locator('.layers li', { hasText: 'Read by hand' }).waitFor()
      await world().picture(page, 'viewer-imported')
    })

    test('all formats go out by the buttons, with what came in', async () => {
      const json = await exported(page, 'GeoJSON')
      expect(json.name).toMatch(/\.geojson$/)
      const { features } = JSON.parse(json.text) as { features: { geometry: unknown; properties: { name?: string } }[] }
      const found = features.find(({ properties }) => properties.name === 'from QuPath')
      expect(found?.geometry).toMatchObject({ type: 'Polygon', coordinates: [ring] })
      const xml = await exported(page, 'ImageScope')
      expect(xml.name).toMatch(/\.xml$/)
      expect(xml.text).toContain('Read by hand')
      expect(xml.text.match(/<Region /g)).toHaveLength(features.length)
      const asap = await exported(page, 'ASAP')
      expect(asap.name).toMatch(/\.xml$/)
      expect(asap.text).toMatch(/<ASAP_Annotations>.*<Annotation Name/s)
    })

    test('what is no annotation file is refused in plain words', async () => {
      await importFile('notes.xml', '<notes/>')
      await page.getByText(/^Nothing imported: [A-Z]/).waitFor()
      expect(
        world()
          .complaints()
          .every(text => /annotations\.xml/.test(text)),
      ).toBe(true)
      await page.context().close()
    })
  })
}
