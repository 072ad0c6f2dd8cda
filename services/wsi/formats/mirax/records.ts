import { type Slidedat, textOf, wholeNumber } from './slidedat.ts'

/** A record that belongs to no zoom level, by its number in Index.dat. */
export interface MiraxRecord {
  layer: string
  name: string
  /** Section of Slidedat.ini that describes it. */
  section: string
  number: number
}

const COUNT = { min: 0, max: 1000 }

/**
 * All records beside the zoom levels. Their numbers go through the layers in order.
 * @throws SlideFileError `damaged`
 */
export function miraxRecords(slidedat: Slidedat): MiraxRecord[] {
  const hierarchical = (key: string) => textOf(slidedat, 'HIERARCHICAL', key)
  const records: MiraxRecord[] = []
  const layers = wholeNumber(slidedat, 'HIERARCHICAL', 'NONHIER_COUNT', COUNT)
  for (let i = 0; i < layers; i++) {
    const layer = hierarchical(`NONHIER_${i}_NAME`)
    const values = wholeNumber(slidedat, 'HIERARCHICAL', `NONHIER_${i}_COUNT`, COUNT)
    for (let j = 0; j < values; j++) {
      const key = `NONHIER_${i}_VAL_${j}`
      const section = slidedat.get('HIERARCHICAL')?.get(`${key}_SECTION`) ?? ''
      records.push({ layer, name: hierarchical(key), section, number: records.length })
    }
  }
  return records
}
