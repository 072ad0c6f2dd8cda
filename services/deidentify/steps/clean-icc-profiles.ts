import { Tag } from '@coverslip/wsi/tiff/tags.ts'
import { type Patch, type Step, type Taken, take } from '../draft.ts'

/** ICC.1:2022, 7.2: creation date and time at 24..35; the profile ID at 84..99 is a digest over the whole profile. */
const HEADER = 128
const DATE = { offset: 24, length: 12 }
const ID = { offset: 84, length: 16 }

const isZero = (bytes: Buffer): boolean => bytes.every(byte => byte === 0)

/** The profile's transform stays, since colours depend on it; the day of its calibration goes, its digest with it. */
export const cleanIccProfiles: Step = async draft => {
  const patches: Patch[] = []
  const taken: Taken[] = []
  for (const { ifd, fields } of draft.pages) {
    const field = fields.find(({ entry }) => entry.tag === Tag.IccProfile)
    const profile = field && (await ifd.bytes(Tag.IccProfile))
    if (!field || !profile || profile.length < HEADER) continue
    for (const { offset, length } of [DATE, ID]) {
      if (isZero(profile.subarray(offset, offset + length))) continue
      patches.push({ offset: field.entry.valueOffset + offset, zeros: length })
      const name = offset === DATE.offset ? 'ICC creation date' : 'ICC profile ID'
      const place = `IFD ${ifd.index}, tag 34675 ICC profile`
      taken.push({ removed: { place, kind: 'date', name, length, count: 1 } })
    }
  }
  return take({ ...draft, patches: [...draft.patches, ...patches] }, taken)
}
