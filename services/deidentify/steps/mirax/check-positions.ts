import { inflateSync } from 'node:zlib'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { photographs } from '@coverslip/wsi/formats/mirax/positions.ts'
import type { MiraxDraft, MiraxStep, PlacedRecord } from '../../procedure/mirax/draft.ts'
import { POSITIONS } from './records.ts'

/** A flag, x and y. */
const RECORD = 9

const damaged = () =>
  new SlideFileError('damaged', 'The slide is damaged: its list of camera positions cannot be read.')

/** The bytes of the list, and how many of the stored ones it took to hold them. */
function inflated(stored: Buffer, length: number): { plain: Buffer; used: number } {
  try {
    // `info` gives the engine, which counts what it has read; the types of Node leave it out.
    const result = inflateSync(stored, { maxOutputLength: length, info: true }) as unknown as {
      buffer: Buffer
      engine: { bytesWritten: number }
    }
    return { plain: result.buffer, used: result.engine.bytesWritten }
  } catch {
    throw damaged()
  }
}

async function checked({ data, geometry }: MiraxDraft, record: PlacedRecord): Promise<PlacedRecord> {
  const { place } = record
  const source = place && data[place.file]
  if (!source) throw damaged()
  const stored = await source.read(place.offset, place.length)
  const { across, down } = photographs(geometry)
  const length = across * down * RECORD
  const compressed = POSITIONS.get(record.layer)?.compressed === true
  const { plain, used } = compressed ? inflated(stored, length) : { plain: stored, used: stored.length }
  if (plain.length !== length) throw damaged()
  for (let at = 0; at < length; at += RECORD) if (plain[at]! > 1) throw damaged()
  // What stands behind the end of the compressed list is no list.
  return { ...record, place: { ...place, length: used } }
}

/** The positions of the camera are numbers of the right count, and nothing follows them. */
export const checkPositions: MiraxStep = async draft => {
  const records: PlacedRecord[] = []
  for (const record of draft.records) records.push(await checked(draft, record))
  return { ...draft, records }
}
