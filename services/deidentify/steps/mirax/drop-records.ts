import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { frameSize } from '@coverslip/wsi/jpeg.ts'
import type { Taken } from '../../procedure/draft.ts'
import { take } from '../../procedure/draft.ts'
import type { KeptMacro, MiraxDraft, MiraxStep, PlacedRecord } from '../../procedure/mirax/draft.ts'
import { toSecret } from '../../procedure/secret.ts'
import { KNOWN_RECORDS, MACRO, PICTURES, POSITIONS, SCAN_DATA } from './records.ts'

const isPositions = ({ layer, name }: PlacedRecord): boolean => POSITIONS.get(layer)?.name === name
/** XML of profiles and logs is searched for texts up to here. */
const MAX_TEXT = 64 * 1024
const JPEG = 0xffd8

/** What an XML text says: the values of attributes and what stands between tags. */
function textsOf(bytes: Buffer): Buffer[] {
  const texts = bytes.toString('latin1').matchAll(/"([^"<>]{4,200})"|>([^<>]{4,200})</g)
  return [...texts].flatMap(([, value, text]) => toSecret(value ?? text ?? '') ?? [])
}

async function takeRecord({ data }: MiraxDraft, record: PlacedRecord): Promise<Taken[]> {
  const { name, place } = record
  const picture = PICTURES.get(name)
  const known = KNOWN_RECORDS.has(name) ? name : 'unknown record'
  const removed = {
    place: 'records beside the zoom levels',
    kind: picture ? ('image' as const) : ('metadata' as const),
    name: picture ? `${picture} (${known})` : known,
    length: place?.length ?? 0,
    count: 1,
  }
  const named: Taken = { secret: known === name ? null : toSecret(name) }
  const source = place && data[place.file]
  if (!source || place.offset + place.length > source.size) return [{ removed }, named]
  const bytes = await source.read(place.offset, Math.min(place.length, MAX_TEXT))
  const texts = bytes.length > 1 && bytes.readUInt16BE(0) === JPEG ? [] : textsOf(bytes)
  return [{ removed }, named, ...texts.map(secret => ({ secret }))]
}

/**
 * Label, macro, preview, scan profiles, histograms, whatever a later scanner may add: every record beside the zoom levels
 * goes but the positions of the camera, and the macro that the site keeps.
 */
export const dropRecords: MiraxStep = async draft => {
  const taken: Taken[] = []
  const macro = await keptMacro(draft)
  for (const record of draft.records) {
    const stays = isPositions(record) || (macro !== null && record.place === macro.place)
    if (!stays) taken.push(...(await takeRecord(draft, record)))
  }
  return take({ ...draft, macro, records: draft.records.filter(isPositions) }, taken)
}

/**
 * The picture of the whole glass, where the site keeps it and its label can be cut out. Where regions of the tissue are
 * redacted it goes: it shows them, too.
 */
async function keptMacro({ records, data, choices }: MiraxDraft): Promise<KeptMacro | null> {
  const { keepMacro, redact = [] } = choices
  const place = records.find(({ layer, name }) => layer === SCAN_DATA && name === MACRO)?.place
  const source = place && data[place.file]
  if (!keepMacro || redact.length > 0 || !source || place.offset + place.length > source.size) return null
  try {
    const { width, height, components } = frameSize(await source.read(place.offset, place.length))
    return components === 1 || components === 3 ? { place, width, height } : null
  } catch (error) {
    if (error instanceof SlideFileError) return null
    throw error
  }
}
