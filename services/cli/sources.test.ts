import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findSlides } from './sources.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-sources-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function make(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), name)
  }
}

/** Slides as lists of the names within their sets. */
async function found(...paths: string[]): Promise<{ slides: string[][]; unusable: string[] }> {
  const { slides, unusable } = await findSlides(paths.map(path => join(folder, path)))
  return {
    slides: slides.map(slide => slide.files.map(({ name }) => name)),
    unusable: unusable.map(({ reason }) => reason),
  }
}

test('a folder is searched to any depth for what may be a slide', async () => {
  await make('a.svs', 'deep/er/b.TIFF', 'deep/c.ndpi', 'deep/d.zip', 'notes.txt', '.hidden.svs', 'deep/photo.jpg')
  expect(await found('.')).toEqual({ slides: [['a.svs'], ['c.ndpi'], ['d.zip'], ['b.TIFF']], unusable: [] })
})

test('MRXS is one slide with all of its folder, whose files are not searched for slides', async () => {
  await make('m.mrxs', 'm/Slidedat.ini', 'm/Data0000.dat', 'm/sub/x.tif', 'other.tif')
  const mirax = ['m.mrxs', 'm/Data0000.dat', 'm/Slidedat.ini', 'm/sub/x.tif']
  expect(await found('.')).toEqual({ slides: [mirax, ['other.tif']], unusable: [] })
  expect((await found('m.mrxs')).slides).toEqual([mirax])
})

test('MRXS without its folder goes up alone', async () => {
  await make('m.mrxs')
  expect((await found('m.mrxs')).slides).toEqual([['m.mrxs']])
})

test('a slide brings the annotations beside it, whatever program wrote them', async () => {
  await make('a.svs', 'a.XML', 'a.svs.xml', 'b.tif', 'b.geojson', 'b.json', 'm.mrxs', 'm/Slidedat.ini', 'm.xml')
  expect((await found('.')).slides).toEqual([
    ['a.svs', 'a.XML'],
    ['b.tif', 'b.geojson', 'b.json'],
    ['m.mrxs', 'm/Slidedat.ini', 'm.xml'],
  ])
})

test('annotations that are named go up alone', async () => {
  await make('a.xml')
  expect((await found('a.xml')).slides).toEqual([['a.xml']])
})

test('a named file is taken whatever its name; the same file is taken once', async () => {
  await make('scan', 'a.svs')
  await symlink(join(folder, 'a.svs'), join(folder, 'link.svs'))
  expect((await found('scan', 'a.svs', 'link.svs', '.')).slides).toEqual([['scan'], ['a.svs']])
})

test('links are followed, a circle of them ends', async () => {
  await make('real/a.svs')
  await symlink(folder, join(folder, 'real/up'))
  await symlink(join(folder, 'real'), join(folder, 'again'))
  expect((await found('.')).slides).toEqual([['a.svs']])
})

test('what cannot be used is told: nothing there, an empty folder, a link to nowhere', async () => {
  await make('empty/readme.txt')
  await symlink(join(folder, 'gone'), join(folder, 'dead.svs'))
  expect(await found('missing.svs', 'empty', 'dead.svs')).toEqual({
    slides: [],
    unusable: [
      'there is no such file or folder',
      'there is no slide in this folder',
      'there is no such file or folder',
    ],
  })
})
