/** Proves results, those that were just made and those of others. */
import { verifyPyramid } from '@coverslip/wsi/convert/index.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { VerificationError } from './errors.ts'
import type { Made } from './making.ts'
import { choicesFrom, choicesOf, type DeidentifyOptions } from './options.ts'
import type { Choices } from './procedure/draft.ts'
import { isInPlaceFormat } from './procedure/in-place.ts'
import { changesNothing } from './procedure/repeat.ts'
import { checkOf, failureOf } from './proof/checks.ts'
import { type Proof, type ProofInput, prove } from './proof/index.ts'
import type { Kept } from './report/report.ts'

/** What the proof lets stay. */
const allowedBy = ({ keepMacro, keepThumbnail, dates }: Choices) => ({
  keptMacro: keepMacro,
  keptThumbnail: keepThumbnail,
  keptDates: dates?.keep,
})

/** @throws VerificationError */
export async function proveMade(sourcePath: string, made: Made, options: DeidentifyOptions): Promise<Proof> {
  const { knownTexts = [], redact = [], signal } = options
  const choices = choicesOf(options)
  const { path: resultPath, rendition } = made
  const input = { sourcePath, resultPath, rendition, given: knownTexts, redacted: redact, signal }
  const proof = await proveWithRepeat({ ...input, ...allowedBy(choices) }, choices)
  refuseFailed(proof.checks)
  return proof
}

async function proveWithRepeat(input: ProofInput, choices: Choices): Promise<Proof> {
  const proof = await prove(input)
  // A pyramid is never de-identified again: nothing but pixels went into it.
  if (input.rendition === 'pyramid' || proof.checks.some(({ passed }) => !passed)) return proof
  const repeat = checkOf('repeat', (await changesNothing(input.resultPath, input.signal, choices)) ? [] : ['a change'])
  return { ...proof, checks: [...proof.checks, repeat] }
}

/** @throws VerificationError */
export function refuseFailed(checks: Proof['checks']): void {
  const failed = checks.find(({ passed }) => !passed)
  if (failed) throw new VerificationError(failureOf(failed.id))
}

/**
 * Proves a result that was made elsewhere or before, against its source.
 * @param options.knownTexts what must not be in it beside the source's own texts
 * @param options.kept what may have stayed by choice, as its report says; nothing else may
 * @throws SlideFileError for a file that is no slide
 */
export async function verifyFile(
  sourcePath: string,
  resultPath: string,
  options: Pick<DeidentifyOptions, 'knownTexts' | 'signal'> & { kept?: Kept | undefined },
): Promise<Proof['checks']> {
  const { knownTexts = [], signal, kept = { macro: null, dates: null } } = options
  const [source, result] = [await describeSlide(sourcePath, signal), await describeSlide(resultPath, signal)]
  const keepsFormat = isInPlaceFormat(source.format) && source.format === result.format
  const rendition = keepsFormat && !(await isOwnPyramid(resultPath)) ? 'original' : 'pyramid'
  const choices = choicesFrom(kept)
  const input = { sourcePath, resultPath, rendition, given: knownTexts, redacted: [], signal } as const
  return (await proveWithRepeat({ ...input, ...allowedBy(choices) }, choices)).checks
}

/** A TIFF that this program made of a TIFF is its pyramid, and not its original. */
const isOwnPyramid = (path: string): Promise<boolean> =>
  verifyPyramid(path).then(
    () => true,
    () => false,
  )
