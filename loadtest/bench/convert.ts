/**
 * Conversion beside `vips tiffsave` on the same files, whole processes in turns, the best of each: time, CPU, memory,
 * size and likeness. Prints Markdown.
 *
 *     node loadtest/bench/convert.ts [--quick] [--edge PIXELS] [--rounds N] [--only REGEXP] [--folder KEPT] [SLIDE...]
 *
 * libvips reads SVS, NDPI and MRXS through OpenSlide and TIFF by itself; both write Q 50, 4:2:0, tiles of 256 pixels and
 * all levels as BigTIFF.
 */
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { type BenchSlide, makeSlides, sharedSlides, slideBytes } from './convert-corpus.ts'
import { type Comparison, comparePyramids } from './convert-quality.ts'
import { type Cost, costOf, fastest } from './process-cost.ts'

interface Row {
  slide: BenchSlide
  megapixels: number
  bytes: { source: number; ours: number; theirs: number }
  ours: Cost
  theirs: Cost
  quality: Comparison
}

const ONE = fileURLToPath(new URL('./convert-one.ts', import.meta.url))
const VIPS = '--compression jpeg --Q 50 --tile --tile-width 256 --tile-height 256 --pyramid --bigtiff'.split(' ')

async function measure(slide: BenchSlide, folder: string, rounds: number): Promise<Row> {
  const [our, their] = [join(folder, 'coverslip.tif'), join(folder, 'vips.tif')]
  const [ours, theirs]: [Cost[], Cost[]] = [[], []]
  for (let i = 0; i < rounds; i++) {
    ours.push(await costOf(process.execPath, [ONE, slide.path, our]))
    theirs.push(await costOf('vips', ['tiffsave', slide.path, their, ...VIPS]))
  }
  const { width, height } = await describeSlide(slide.path)
  const sizes = { source: await slideBytes(slide.path), ours: (await stat(our)).size, theirs: (await stat(their)).size }
  return {
    slide,
    megapixels: (width * height) / 1e6,
    bytes: sizes,
    ours: fastest(ours),
    theirs: fastest(theirs),
    quality: await comparePyramids(slide.path, our, their),
  }
}

const times = (theirs: number | null, ours: number | null) =>
  theirs === null || ours === null ? '–' : `${(theirs / ours).toFixed(1)}×`
const number = (value: number | null, digits = 1) => (value === null ? '–' : value.toFixed(digits))
const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1)

function table(head: string[], rows: (string | number)[][]): string {
  const lines = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
  return lines.map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

function costs(rows: Row[]): string {
  const head = [
    'slide',
    'Mpx',
    's',
    'vips s',
    'faster',
    'bar',
    'CPU s',
    'vips',
    'less CPU',
    'peak MiB',
    'vips',
    'Mpx/s',
  ]
  const lines = rows.map(({ slide, megapixels, ours, theirs }) => [
    slide.name,
    megapixels.toFixed(0),
    number(ours.seconds, 2),
    number(theirs.seconds, 2),
    times(theirs.seconds, ours.seconds),
    slide.bar ? `${slide.bar}×` : '–',
    number(ours.cpu, 2),
    number(theirs.cpu, 2),
    times(theirs.cpu, ours.cpu),
    number(ours.peak, 0),
    number(theirs.peak, 0),
    (megapixels / ours.seconds).toFixed(0),
  ])
  return table(head, lines)
}

const reduction = ({ bytes }: Row) => 100 * (1 - bytes.ours / bytes.source)

function sizes(rows: Row[]): string {
  const head = ['slide', 'before MiB', 'after', 'vips', 'reduction', 'PSNR dB', 'vips', 'SSIM', 'vips', 'PSNR to vips']
  const lines = rows.map(row => [
    row.slide.name,
    mebibytes(row.bytes.source),
    mebibytes(row.bytes.ours),
    mebibytes(row.bytes.theirs),
    `${reduction(row).toFixed(0)} %`,
    number(row.quality.ours.psnr, 2),
    number(row.quality.theirs.psnr, 2),
    number(row.quality.ours.ssim, 4),
    number(row.quality.theirs.ssim, 4),
    number(row.quality.between.psnr, 1),
  ])
  return table(head, lines)
}

function averages(rows: Row[]): string {
  const mean = (kind: BenchSlide['kind']) => {
    const values = rows.filter(({ slide }) => slide.kind === kind).map(reduction)
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
  }
  const words = { real: 'slides of the shared data', made: 'made slides' } as const
  const parts = (['real', 'made'] as const).flatMap(kind => {
    const value = mean(kind)
    return value === null ? [] : [`${value.toFixed(0)} % (${words[kind]})`]
  })
  return `Average reduction: ${parts.join(', ')}; the paper's pipeline reports 69 %.`
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    edge: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string', default: '' },
    folder: { type: 'string' },
  },
})
const edge = Number(values.edge ?? (values.quick ? 4096 : 20_480))
const rounds = Number(values.rounds ?? (values.quick ? 1 : 2))
const wanted = new RegExp(values.only)
const folder = values.folder ?? (await mkdtemp(join(tmpdir(), 'bench-convert-')))
await mkdir(folder, { recursive: true })
try {
  const named = positionals.map((path): BenchSlide => ({ name: basename(path), path, kind: 'real', bar: null }))
  const shared = (await sharedSlides()).filter(({ name }) => wanted.test(name))
  const slides = named.length > 0 ? named : [...(await makeSlides(folder, edge, wanted)), ...shared]
  const rows: Row[] = []
  for (const slide of slides) rows.push(await measure(slide, folder, rounds))
  const load = loadavg()[0]?.toFixed(1)
  console.log(`${availableParallelism()} cores (load ${load}), best of ${rounds}, whole processes.\n`)
  console.log(`${costs(rows)}\n\n${sizes(rows)}\n\n${averages(rows)}`)
} finally {
  if (!values.folder) await rm(folder, { recursive: true })
}
