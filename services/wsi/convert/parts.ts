/**
 * A pyramid made in parts, by one process or by many: a plan says how many, any worker builds any part as a file of its
 * own, the assembly makes the levels above the parts and gives the finished BigTIFF from front to back.
 *
 * The same slide and plan give the same bytes, whoever builds which part with however many threads, and the same as
 * `convert` writes.
 */
import { type BuildOptions, type BuiltPart, openPartBuilder } from './part-builder.ts'
import type { PyramidPlan } from './pyramid-plan.ts'

export { type Assembly, assemblePyramid, type PartReader } from './assemble.ts'
export { type BuildOptions, type BuiltPart, openPartBuilder, type PartBuilder } from './part-builder.ts'
export { type PlanOptions, type PyramidPlan, planDigest, planPyramid } from './pyramid-plan.ts'
export type { Coding } from './quality-policy.ts'

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
