/** What a reviewer is shown of a result, found while its files are at hand. */
import { describeSlide } from '@coverslip/wsi/open.ts'
import type { DeidentifiedFiles } from '../files.ts'
import type { Announcement } from '../release.ts'
import { findFlags } from './flags/index.ts'
import type { Proposal } from './store.ts'

/** @param made its files must still be on disk */
export async function propose(
  announcement: Announcement,
  { files, description }: DeidentifiedFiles,
  signal: AbortSignal,
): Promise<Proposal> {
  const { path } = files[0]
  const { width, height, mpp, objectivePower, associated } = description
  const result = await describeSlide(path, signal)
  return {
    announcement,
    facts: {
      width,
      height,
      mpp: mpp && (mpp.x + mpp.y) / 2,
      objectivePower,
      sourceImages: associated,
      resultImages: result.associated,
    },
    flagged: await findFlags(path, signal),
  }
}
