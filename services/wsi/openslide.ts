import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { SlideFileError } from './errors.ts'
import type { Answer, OpenedSlide, Outcome, Query } from './openslide-protocol.ts'
import type { AssociatedKind, SlideDescription, SlideFormat, SlideReader } from './slide.ts'

/** Longest wait for one answer: network storage is slow, but a decoder that runs for ever must end. */
const ANSWER_WITHIN_MS = 120_000

/** Pixels of one request to the child: large regions go in blocks, several at a time. */
const BLOCK_PIXELS = 1024 * 1024

/** One child per open slide: a file that crashes its reader harms no other slide. */
interface Child {
  ask(query: Query, signal?: AbortSignal): Promise<Outcome>
  close(): Promise<void>
}

const crashed = () => new SlideFileError('damaged', 'The slide reader stopped while reading this file: it is damaged.')

function startChild(): Child {
  const path = fileURLToPath(new URL('./openslide-child.ts', import.meta.url))
  // Warnings of C libraries may quote file names, so nobody hears them; NODE_OPTIONS may start telemetry in the child.
  const forked = fork(path, {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // biome-ignore lint/style/noProcessEnv: handed on, not read
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const waiting = new Map<number, { resolve(outcome: Outcome): void; reject(error: Error): void }>()
  let lastId = 0
  let alive = true
  // The child keeps this process running only while an answer is awaited.
  const hold = () =>
    waiting.size > 0 ? [forked.ref(), forked.channel?.ref()] : [forked.unref(), forked.channel?.unref()]
  const fail = (error: Error) => {
    alive = false
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  forked.on('message', ({ id, ...outcome }: Answer) => waiting.get(id)?.resolve(outcome))
  forked.on('exit', () => fail(crashed()))
  // The process could not be started: no fault of the slide's.
  forked.on('error', fail)

  const ask: Child['ask'] = (query, signal) => {
    if (!alive) return Promise.reject(crashed())
    if (signal?.aborted) return Promise.reject(signal.reason)
    const id = ++lastId
    const timer = setTimeout(() => forked.kill('SIGKILL'), ANSWER_WITHIN_MS)
    const abort = () => waiting.get(id)?.reject(signal?.reason as Error)
    return new Promise<Outcome>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      signal?.addEventListener('abort', abort, { once: true })
      hold()
      forked.send({ id, ...query }, error => error && fail(crashed()))
    }).finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      waiting.delete(id)
      hold()
    })
  }
  return { ask, close: () => stop(forked) }
}

/** Ends the child without ceremony: it holds nothing but an open file. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.ref()
  child.kill('SIGKILL')
  await ended
}

/** OpenSlide's texts, by class; anything else counts as damage. */
const TEXTS: [RegExp, ConstructorParameters<typeof SlideFileError>][] = [
  [/^no vendor$/, ['not-a-slide', 'The file is not a slide in a format that can be read.']],
  [
    /unsupported.*compression|unsupported color/i,
    ['unsupported', 'The slide is stored in a compression that is not supported.'],
  ],
  [/bigtiff support/i, ['unsupported', 'The slide is a BigTIFF, which the installed OpenSlide does not read.']],
]

function toError(text: string): SlideFileError {
  const known = TEXTS.find(([pattern]) => pattern.test(text))
  return new SlideFileError(
    ...(known?.[1] ?? ['damaged', 'The slide is damaged or incomplete: OpenSlide cannot read it.']),
  )
}

function check(outcome: Outcome): Outcome {
  if (outcome.missing !== undefined) throw new SlideFileError('library-missing', outcome.missing)
  if (outcome.error !== undefined) throw toError(outcome.error)
  return outcome
}

/** What only OpenSlide gives: levels as the file has them, and associated images. */
export interface OpenSlideReader extends SlideReader {
  /**
   * A rectangle of a level as interleaved 8-bit RGB.
   * @param place in level-0 pixels
   * @param size in pixels of the level
   */
  readLevel(
    level: number,
    place: { x: number; y: number },
    size: { width: number; height: number },
    signal?: AbortSignal,
  ): Promise<Buffer>
  /** As `readLevel`, as a complete JPEG of this quality (1 to 100), 4:2:0. */
  readJpeg(
    level: number,
    place: { x: number; y: number },
    size: { width: number; height: number },
    quality: number,
    signal?: AbortSignal,
  ): Promise<Buffer>
  /** The first associated image of a kind, as interleaved 8-bit RGB; null when OpenSlide knows of none. */
  readAssociated(
    kind: AssociatedKind,
    signal?: AbortSignal,
  ): Promise<{ width: number; height: number; data: Buffer } | null>
}

/** No label or macro is larger; a file may claim any size. */
const MAX_ASSOCIATED_PIXELS = 128 * 1024 * 1024

/**
 * Opens a slide with OpenSlide in a child process.
 * @throws SlideFileError `not-a-slide` when OpenSlide does not know the format, `damaged`, `unsupported`,
 *   `library-missing`
 */
export async function openWithOpenSlide(path: string, signal?: AbortSignal): Promise<OpenSlideReader> {
  const child = startChild()
  try {
    const { slide } = check(await child.ask({ op: 'open', path }, signal))
    const description = describe(slide as OpenedSlide)
    const readAssociated = associatedReader(child, slide as OpenedSlide)
    const readRegion = regionReader(child)
    return { description, readRegion, ...levelReaders(child), readAssociated, close: child.close }
  } catch (error) {
    await child.close()
    throw error
  }
}

const bufferOf = (pixels: Uint8Array): Buffer => Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength)

function levelReaders(child: Child): Pick<OpenSlideReader, 'readLevel' | 'readJpeg'> {
  const ask = async (query: Query, signal?: AbortSignal) =>
    bufferOf(check(await child.ask(query, signal)).pixels as Uint8Array)
  return {
    readLevel: (level, place, size, signal) => ask({ op: 'read', level, ...place, ...size }, signal),
    readJpeg: (level, place, size, quality, signal) => ask({ op: 'read', level, ...place, ...size, quality }, signal),
  }
}

function associatedReader(child: Child, { associated }: OpenedSlide): OpenSlideReader['readAssociated'] {
  return async (kind, signal) => {
    const found = associated.find(({ name }) => (KINDS[name] ?? 'other') === kind)
    if (!found) return null
    const { name, width, height } = found
    if (width * height > MAX_ASSOCIATED_PIXELS) {
      throw new SlideFileError('too-large', 'An associated image of the file is too large.')
    }
    const { pixels } = check(await child.ask({ op: 'associated', name, width, height }, signal))
    return { width, height, data: bufferOf(pixels as Uint8Array) }
  }
}

function regionReader(child: Child): SlideReader['readRegion'] {
  const block = async (x: number, y: number, width: number, height: number, signal?: AbortSignal) => {
    const { pixels } = check(await child.ask({ op: 'read', level: 0, x, y, width, height }, signal))
    return pixels as Uint8Array
  }
  return async (x, y, width, height, signal) => {
    signal?.throwIfAborted()
    const step = Math.max(256, Math.floor(BLOCK_PIXELS / height))
    if (width <= step) {
      const pixels = await block(x, y, width, height, signal)
      return bufferOf(pixels)
    }
    const output = Buffer.allocUnsafe(width * height * 3)
    const columns = Array.from({ length: Math.ceil(width / step) }, (_, i) => i * step)
    const worker = async () => {
      for (let left = columns.shift(); left !== undefined; left = columns.shift()) {
        const columnWidth = Math.min(step, width - left)
        const pixels = await block(x + left, y, columnWidth, height, signal)
        const row = columnWidth * 3
        for (let i = 0; i < height; i++) output.set(pixels.subarray(i * row, (i + 1) * row), (i * width + left) * 3)
      }
    }
    await Promise.all([worker(), worker(), worker()])
    return output
  }
}

const FORMATS: Record<string, SlideFormat> = {
  aperio: 'aperio',
  'generic-tiff': 'generic-tiff',
  hamamatsu: 'hamamatsu',
  mirax: 'mirax',
  leica: 'leica',
  philips: 'philips-tiff',
  ventana: 'ventana',
  trestle: 'trestle',
  sakura: 'sakura',
  zeiss: 'zeiss',
  dicom: 'dicom',
}

const KINDS: Record<string, AssociatedKind> = { label: 'label', macro: 'macro', thumbnail: 'thumbnail' }

const positive = (text: string | null): number | null => {
  const value = Number(text?.replace(',', '.') ?? Number.NaN)
  return Number.isFinite(value) && value > 0 ? value : null
}

function describe(slide: OpenedSlide): SlideDescription {
  const format = FORMATS[slide.vendor]
  const [first] = slide.levels
  if (!format || !first) throw new SlideFileError('unsupported', 'The slide is in a format that is not supported.')
  const [x, y] = [positive(slide.mppX), positive(slide.mppY)]
  return {
    format,
    width: first.width,
    height: first.height,
    levels: slide.levels.map(level => ({ ...level, downsample: first.width / level.width })),
    mpp: x && y ? { x, y } : null,
    objectivePower: positive(slide.objectivePower),
    icc: slide.icc ? Buffer.from(slide.icc) : null,
    associated: slide.associated.map(({ name, width, height }) => ({ kind: KINDS[name] ?? 'other', width, height })),
  }
}
