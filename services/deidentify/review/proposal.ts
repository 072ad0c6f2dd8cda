/** What a reviewer is shown of a result, found while its files are at hand. */
import { describeSlide } from '@coverslip/wsi/open.ts'
import type { DeidentifiedFiles } from '../files.ts'
import type { Announcement } from '../release.ts'
import { findFlags } from './flags/index.ts'
import { openLocalPictures } from './pictures/local.ts'
import type { Proposal } from './store.ts'

/** @param made its files must still be on disk */
export async function propose(
  announcement: Announcement,
  { files, description, rendition }: DeidentifiedFiles,
  signal: AbortSignal,
): Promise<Proposal> {
  const { path } = files[0]
  const { width, height, mpp, objectivePower, associated, format } = description
  const meanMpp = mpp && (mpp.x + mpp.y) / 2
  const result = await describeSlide(path, signal)
  const pictures = await openLocalPictures(path, rendition === 'pyramid' ? 'generic-tiff' : format, signal)
  try {
    return {
      announcement,
      facts: {
        format,
        width,
        height,
        mpp: meanMpp,
        objectivePower,
        sourceImages: associated,
        resultImages: result.associated,
      },
      flagged: await findFlags(pictures, meanMpp, signal),
    }
  } finally {
    await pictures.close()
  }
}
