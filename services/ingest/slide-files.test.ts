import { describe, expect, it } from 'vitest'
import { slideFiles } from './slide-files.ts'

const ID = '0b9f4a52-3c3e-4f43-9e56-0a1b2c3d4e5f'
const layout = (...paths: string[]) => {
  const { keys, source } = slideFiles(
    ID,
    paths.map((path, i) => ({ uploadId: `u${i}`, path })),
  )
  return { keys: [...keys].toSorted().map(([, key]) => key), source }
}

describe('the files of a slide', () => {
  it('one file is the source, whatever its name', () => {
    expect(layout('DOE JANE.svs')).toEqual({ keys: [`${ID}/1/source`], source: [`${ID}/1/source`] })
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

  it('a slide with its XML', () => {
    const { keys, source } = layout('DOE.xml', 'DOE.svs')
    expect(keys).toEqual([`${ID}/1/annotations.xml`, `${ID}/1/source`])
    expect(source).toEqual([`${ID}/1/source`])
  })

  it('anything else is kept, and is no slide', () => {
    expect(layout('a.svs', 'b.svs')).toEqual({ keys: [`${ID}/1/extra/0`, `${ID}/1/extra/1`], source: null })
    expect(layout('a.mrxs', 'b.mrxs').source).toBeNull()
    expect(layout('a.xml', 'b.xml').source).toBeNull()
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
