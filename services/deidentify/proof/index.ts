/**
 * The second, independent proof of a de-identification: source and result are read anew from their raw bytes, by code that
 * the steps do not share, and compared. Only what is asked of the slide library besides goes through code in common.
 */
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { openWithOpenSlide } from '@coverslip/wsi/openslide.ts'
import type { SlideDescription } from '@coverslip/wsi/slide.ts'
import type { Rectangle } from '../files.ts'
import { UnreadableError } from './bytes.ts'
import { type CheckId, type CheckResult, checkOf } from './checks.ts'
import { comparePixels, compareProfiles, compareTables, type ProvenLevel } from './compare.ts'
import { findUnused, sizeOf } from './coverage.ts'
import { unmovedDays } from './dates.ts'
import { type Layout, layOut, type Text } from './layout.ts'
import { labelInMacro, type MacroSide } from './macro.ts'
import { type Known, needlesOf } from './needles.ts'
import { hashOfLevel, hashTiles } from './pixels.ts'
import { notBlank } from './redactions.ts'
import { compareSegments } from './restarts.ts'
import { searchFile } from './search.ts'
import { knownTexts, MAX_TEXTS } from './texts.ts'
import { moreThanLevels, splitThumbnail } from './thumbnail.ts'
import { judgeWords, type KeptDates } from './words.ts'

export interface ProofInput {
  sourcePath: string
  resultPath: string
  /** `original`: tile for tile the source's; `pyramid`: made of its pixels. */
  rendition: 'original' | 'pyramid'
  /** What is known to identify besides the file's own texts: names, numbers, the file's name. */
  given: readonly string[]
  /** Regions that were blanked, level-0 pixels. */
  redacted: readonly Rectangle[]
  /** A macro may be left, whose end on this side is blank. */
  keptMacro?: MacroSide | undefined
  /** The thumbnail may be left, where it shows no more than the levels. */
  keptThumbnail?: boolean | undefined
  /** Dates may be left: of the first of a year, or of any day; never a time. */
  keptDates?: KeptDates | undefined
  signal?: AbortSignal | undefined
}

export interface Proof {
  checks: CheckResult[]
  levels: ProvenLevel[]
  /** Texts that were looked for; never stored. */
  known: readonly Known[]
  /** How many texts in how many spellings, and bytes of the result. */
  searched: { texts: number; spellings: number; bytes: number }
}

/** Reads and compares. All checks run, whatever the first one says. */
export async function prove(input: ProofInput): Promise<Proof> {
  // Formats that are no TIFF and no MRXS are rewritten; their texts are not read here.
  const source = await layOut(input.sourcePath).catch(unreadable)
  const known = knownTexts(source, input.given)
  const result = await layOut(input.resultPath).catch(unreadable)
  if (!result || (input.rendition === 'original' && !source) || known.length > MAX_TEXTS) {
    const checks = [checkOf('structure', ['it cannot be read'])]
    return { checks, levels: [], known, searched: { texts: known.length, spellings: 0, bytes: 0 } }
  }
  const needles = needlesOf(known)
  const { values, findings } = judgeWords(result, input.keptDates)
  const pixels = await provePixels(source, result, input)
  const found = new Map<CheckId, readonly string[]>([
    ['structure', []],
    ['texts', [...(await hitsOutsideOfWords(result, findings, needles, input.signal)), ...givenIn(values, known)]],
    [
      'words',
      [...findings, ...(input.keptDates === 'shifted' && source ? unmovedDays(source.texts, result.texts) : [])],
    ],
    ['names', result.files.filter(({ name }) => !PLAIN_NAME.test(name)).map(() => 'a file name')],
    ['images', await imagesLeft(result, input)],
    ['bytes', await findUnused(result, input.signal)],
    ['tiles', pixels.unclean > 0 ? ['a tile'] : []],
    ['pixels', pixels.findings],
    ['geometry', [...(await compareDescriptions(input)), ...tables(source, result, input)]],
    ['profile', compareProfiles(input.rendition === 'original' ? source : null, result)],
  ])
  if (input.redacted.length > 0)
    found.set('redactions', await orDamaged(() => notBlank(input, input.redacted, input.signal)))
  return {
    checks: [...found].map(([id, all]) => checkOf(id, all)),
    levels: pixels.levels,
    known,
    searched: { texts: known.length, spellings: needles.length, bytes: sizeOf(result) },
  }
}

/** `original`, `pyramid`, or a research number: names that were made here, of the format or of chance. */
const PLAIN_NAME =
  /^(original|pyramid|R-[0-9A-HJKMNP-TV-Z]{8})(\.(svs|tiff|ndpi|mrxs)|\/(Slidedat\.ini|Index\.dat|Data\d{1,4}\.dat))$/

function unreadable(error: unknown): null {
  if (error instanceof UnreadableError) return null
  throw error
}

const tables = (source: Layout | null, result: Layout, { rendition }: ProofInput): string[] =>
  source && rendition === 'original' ? compareTables(source, result) : []

async function provePixels(source: Layout | null, result: Layout, { rendition, redacted, signal }: ProofInput) {
  const tiles = await hashTiles(result, { clean: true, signal })
  if (!source || rendition === 'pyramid') {
    const levels = result.levels.map(({ width, height, segments }, index): ProvenLevel => {
      const sha256 = hashOfLevel(tiles.levels[index]!, new Set())
      return { width, height, tiles: segments.length, redacted: 0, blanked: 0, sha256 }
    })
    return { levels, findings: [], unclean: tiles.unclean }
  }
  if (result.kind === 'ndpi' && source.kind === 'ndpi' && redacted.length > 0) {
    return { ...(await compareSegments(source, result, redacted, signal)), unclean: tiles.unclean }
  }
  const before = { layout: source, tiles: await hashTiles(source, { clean: false, signal }) }
  return { ...(await comparePixels(before, { layout: result, tiles }, redacted)), unclean: tiles.unclean }
}

/** Words that may stay were judged one by one, so a hit among them says nothing that is not known. */
async function hitsOutsideOfWords(
  result: Layout,
  notAllowed: readonly string[],
  needles: Buffer[],
  signal?: AbortSignal,
): Promise<string[]> {
  // Slidedat.ini is one text to the search: it is allowed as a whole or not at all.
  const isAllowed = ({ place }: Text) =>
    result.kind === 'mirax' ? notAllowed.length === 0 : !notAllowed.includes(place)
  const allowed = result.texts.filter(isAllowed)
  const hits: string[] = []
  for (const [index, { path }] of result.files.entries()) {
    const words = allowed.filter(({ at }) => at.file === index).map(({ at }) => at)
    for (const hit of await searchFile(path, needles, signal)) {
      const isWord = words.some(at => at.offset <= hit.offset && hit.offset + hit.length <= at.offset + at.length)
      if (!isWord) hits.push('a text')
    }
  }
  return hits
}

/** Numbers of five digits are no measure of a scanner by chance when they are somebody's. */
const MIN_GIVEN = 5
const givenIn = (values: readonly string[], known: readonly Known[]): string[] =>
  known
    .filter(({ text, from }) => {
      const isNumber = from === 'given' && text.length >= MIN_GIVEN && /\d/.test(text)
      return isNumber && values.some(value => value.includes(text))
    })
    .map(() => 'a number')

/** Images beside the levels that nobody chose to keep; a macro may be left without its label, and a thumbnail without a pen. */
async function imagesLeft(result: Layout, input: ProofInput): Promise<string[]> {
  const { keptMacro, keptThumbnail, resultPath, signal } = input
  const { thumbnail, rest } = keptThumbnail ? splitThumbnail(result) : { thumbnail: null, rest: result }
  const allowed = [...(keptMacro ? ['macro'] : []), ...(thumbnail ? ['thumbnail'] : [])]
  const listed = (await associatedImages(input)).filter(kind => !allowed.includes(kind))
  return [
    ...listed,
    ...(thumbnail ? await moreThanLevels(resultPath, thumbnail, signal) : []),
    ...(keptMacro ? await labelInMacro(rest, keptMacro) : rest.others),
  ]
}

/** What the readers list: ours, and OpenSlide where it is installed and knows the format. */
const associatedImages = ({ resultPath, signal }: ProofInput): Promise<string[]> =>
  orDamaged(async () => {
    const { associated } = await describeSlide(resultPath, signal)
    const other = await openWithOpenSlide(resultPath, signal).catch(() => null)
    await other?.close()
    return [...associated, ...(other?.description.associated ?? [])].map(({ kind }) => kind)
  })

const compareDescriptions = ({ sourcePath, resultPath, rendition, signal }: ProofInput): Promise<string[]> =>
  orDamaged(async () => {
    const [before, after] = [await describeSlide(sourcePath, signal), await describeSlide(resultPath, signal)]
    const facts = ({ width, height, mpp, objectivePower, levels }: SlideDescription) =>
      JSON.stringify([
        [width, height, objectivePower],
        [mpp?.x.toFixed(4), mpp?.y.toFixed(4)],
        rendition === 'original' ? levels.map(level => [level.width, level.height]) : [],
      ])
    return facts(before) === facts(after) ? [] : ['a size or scale']
  })

/** A result that no reader opens has not passed. */
async function orDamaged(look: () => Promise<string[]>): Promise<string[]> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof SlideFileError) return ['it does not open']
    throw error
  }
}
