import { describe, expect, it } from 'vitest'
import { planUploads } from './upload-plan.ts'

const offer = (...paths: string[]) => paths.map(path => ({ path, size: 1 }))
const summary = (...paths: string[]) => {
  const plan = planUploads(offer(...paths))
  return {
    slides: plan.slides.map(slide => [slide.name, ...slide.files.map(file => file.path)]),
    ignored: plan.ignored.map(file => file.path),
  }
}

describe('upload plan', () => {
  it('takes a single file whatever its name', () => {
    expect(summary('scan')).toEqual({ slides: [['scan', 'scan']], ignored: [] })
  })
  it('makes one slide of a MIRAX index and its folder, wherever they lie', () => {
    expect(summary('day1/a.mrxs', 'day1/a/Slidedat.ini', 'day1/a/Data0000.dat', 'day1/b/other.dat')).toEqual({
      slides: [['a.mrxs', 'a.mrxs', 'a/Slidedat.ini', 'a/Data0000.dat']],
      ignored: ['day1/b/other.dat'],
    })
  })
  it('does not take another folder whose name only begins alike', () => {
    expect(summary('a.mrxs', 'ab/Slidedat.ini').slides).toEqual([['a.mrxs', 'a.mrxs']])
  })
  it('takes the annotations beside a slide along, whatever program wrote them', () => {
    expect(summary('x/one.svs', 'x/ONE.XML', 'x/two.ndpi', 'x/two.geojson', 'x/three.tif')).toEqual({
      slides: [
        ['one.svs', 'one.svs', 'ONE.XML'],
        ['two.ndpi', 'two.ndpi', 'two.geojson'],
        ['three.tif', 'three.tif'],
      ],
      ignored: [],
    })
  })
  it('leaves out what is no slide, and hidden files without a word', () => {
    expect(summary('s/a.tif', 's/notes.txt', 's/.DS_Store', '.hidden/b.svs')).toEqual({
      slides: [['a.tif', 'a.tif']],
      ignored: ['s/notes.txt'],
    })
  })
  it('tells manifests from slides', () => {
    const { slides, manifests, ignored } = planUploads(offer('day/a.svs', 'day/material.CSV'))
    expect([slides.length, manifests.map(file => file.path), ignored]).toEqual([1, ['day/material.CSV'], []])
    expect(planUploads(offer('material.csv')).slides).toEqual([])
  })
  it('does not take a picture inside a MIRAX folder for a slide of its own', () => {
    expect(summary('a.mrxs', 'a/preview.tif').slides).toEqual([['a.mrxs', 'a.mrxs', 'a/preview.tif']])
  })
})
