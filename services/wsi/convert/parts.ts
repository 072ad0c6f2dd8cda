/**
 * A pyramid made in parts, by one process or by many: a plan says how many, any worker builds any part as a file of its
 * own, the assembly makes the levels above the parts and gives the finished BigTIFF from front to back.
 *
 * The same slide and plan give the same bytes, whoever builds which part with however many threads, and the same as
 * `convert` writes.
 */
import { openSlide } from '../open.ts'
import { type BuildOptions, type BuiltPart, openPartBuilder } from './part-builder.ts'
import { type PlanOptions, type PyramidPlan, planPyramid } from './pyramid-plan.ts'
import { storageOf } from './source.ts'

export { type Assembly, assemblePyramid, type PartReader } from './assemble.ts'
export { type BuildOptions, type BuiltPart, openPartBuilder, type PartBuilder } from './part-builder.ts'
export { type PlanOptions, type PyramidPlan, planDigest, planPyramid } from './pyramid-plan.ts'
export type { Coding } from './quality-policy.ts'

/**
 * Plans the pyramid of a slide as its file has it: with what its description does not say.
 * @throws SlideFileError when the slide cannot be read; RangeError for options that make no sense
 */
export async function planSlide(
  slidePath: string,
  options: Omit<PlanOptions, 'blockSize' | 'sourcePixels'>,
  signal?: AbortSignal,
): Promise<PyramidPlan> {
  const slide = await openSlide(slidePath, signal)
  try {
    return planPyramid(slide.description, { ...options, ...storageOf(slide) })
  } finally {
    await slide.close()
  }
}

/**
 * Builds one part of a slide's pyramid as a file of its own.
 * @throws SlideFileError when the slide cannot be read or is not the plan's; DiskFullError; RangeError for a part that the
 *   plan does not have; the signal's reason. A failure leaves no file.
 */
export async function buildPart(
  slidePath: string,
  plan: PyramidPlan,
  part: number,
  partPath: string,
  options: BuildOptions & { workers?: number } = {},
): Promise<BuiltPart> {
  const builder = await openPartBuilder(slidePath, plan, options)
  try {
    return await builder.build(part, partPath, options)
  } finally {
    await builder.close()
  }
}
