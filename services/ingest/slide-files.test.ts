import { describe, expect, it } from 'vitest'
import { annotationKeys, slideFiles, sourceKeys } from './slide-files.ts'

const ID = '0b9f4a52-3c3e-4f43-9e56-0a1b2c3d4e5f'
const inSlide = (file: string) => `${ID}/1/${file}`
const layout = (...paths: string[]) => {
  const { keys, name } = slideFiles(
    ID,
    paths.map((path, i) => ({ uploadId: `u${i}`, path })),
  )
  const list = [...keys].toSorted().map(([, key]) => key)
  return { keys: list, source: sourceKeys(list), annotations: annotationKeys(list), name }
}

describe('the files of a slide', () => {
  it('one file is the source, whatever its name', () => {
    expect(layout('DOE JANE.svs')).toMatchObject({ keys: [`${ID}/1/source`], source: [`${ID}/1/source`] })
  })

  it('an MRXS file and its folder keep their places to each other, not their name', () => {
    const { keys, source } = layout('DOE/Index.dat', 'DOE/Slidedat.ini', 'DOE.mrxs', 'DOE/Data0000.dat')
    expect(keys).toEqual([
      `${ID}/1/slide/Index.dat`,
      `${ID}/1/slide/Slidedat.ini`,
      `${ID}/1/slide.mrxs`,
      `${ID}/1/slide/Data0000.dat`,
    ])
    expect(source?.[0]).toBe(`${ID}/1/slide.mrxs`)
    expect(source).toHaveLength(4)
  })

  it('what is not known to belong to an MRXS slide is kept under a number and not read', () => {
    const { keys, source } = layout('DOE.mrxs', 'DOE/DOE_JANE.txt', 'OTHER/Index.dat')
    expect(keys).toEqual([`${ID}/1/slide.mrxs`, `${ID}/1/extra/1`, `${ID}/1/extra/2`])
    expect(source).toEqual([`${ID}/1/slide.mrxs`])
  })

  it('a slide with its annotation files, whatever program wrote them', () => {
    const { keys, source, annotations, name } = layout('DOE.xml', 'DOE.svs', 'DOE.GeoJSON', 'q.json')
    expect(keys).toEqual(['annotations-1.xml', 'source', 'annotations-2.geojson', 'annotations-3.json'].map(inSlide))
    expect(source).toEqual([`${ID}/1/source`])
    expect(annotations).toEqual([keys[0], keys[2], keys[3]])
    expect(name).toBe('DOE.svs')
  })

  it('an MRXS slide with annotations beside it', () => {
    const { keys, annotations, name } = layout('DOE.mrxs', 'DOE/Slidedat.ini', 'DOE.xml', 'DOE/DOE.xml')
    expect(keys).toEqual(['slide.mrxs', 'slide/Slidedat.ini', 'annotations-1.xml', 'extra/2'].map(inSlide))
    expect(annotations).toEqual([inSlide('annotations-1.xml')])
    expect(name).toBe('DOE.mrxs')
  })

  it('anything else is kept, and is no slide', () => {
    expect(layout('a.svs', 'b.svs')).toMatchObject({
      keys: [`${ID}/1/extra/0`, `${ID}/1/extra/1`],
      source: [],
      name: null,
    })
    expect(layout('a.mrxs', 'b.mrxs').source).toEqual([])
    expect(layout('a.xml', 'b.xml').source).toEqual([])
  })

  it('no name gets into a key', () => {
    for (const files of [
      ['DOE.mrxs', 'DOE/DOE.dat'],
      ['DOE.svs', 'DOE.xml'],
      ['DOE.svs', 'DOE2.svs'],
    ]) {
      expect(layout(...files).keys.join()).not.toContain('DOE')
    }
  })
})
