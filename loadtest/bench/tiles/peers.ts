/** The peers over a slide: as they serve these tiles best, and as their own defaults have it. */
import { type Library, startLibrary } from '../../peers/gunicorn.ts'
import { iipsrvTile, startIipsrv } from '../../peers/iipsrv.ts'
import { type Served, served } from './served.ts'
import { type BenchSlide, topLevel } from './slide.ts'

/** For tiles in iipsrv's memory: twice what a process of ours has. */
const CACHE_MEBIBYTES = 256

/** @param file with the quality of the JPEGs that are made of it */
export async function startPeer(
  slide: BenchSlide,
  name: string,
  library: Library,
  file: { path: string; quality: number },
): Promise<Served> {
  const server = await startLibrary(library, file)
  const otherTiles = library === 'deepzoom_example()'
  return served(slide, name, server, { pathOf: ({ down, x, y }) => `/${down}/${x}_${y}.jpeg`, otherTiles })
}

/** @param quality of pyramids, which is that of the tiles */
export async function startPeers(slide: BenchSlide, quality: number): Promise<Served[]> {
  const file = { path: slide.path, quality }
  const top = topLevel(slide.size)
  const iipsrv = await startIipsrv(slide.folder, file, CACHE_MEBIBYTES)
  slide.stops.push(() => iipsrv.stop())
  const pathOf: Served['pathOf'] = ({ down, x, y }) => iipsrvTile(slide.path, top - down, x, y)
  return [
    { name: 'iipsrv', url: iipsrv.url, pids: iipsrv.pids(), pathOf },
    await startPeer(slide, 'large_image', 'large_image()', file),
    await startPeer(slide, 'large_image, colours left', 'large_image(False)', file),
    await startPeer(slide, 'large_image, its defaults', 'large_image_defaults()', file),
    await startPeer(slide, 'OpenSlide DeepZoom', 'deepzoom()', file),
    await startPeer(slide, "OpenSlide DeepZoom, its example's defaults", 'deepzoom_example()', file),
  ]
}
