/** The rare hiding places of patient data: outside of what readers show. */
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ascii, encodeField, long, opaque } from '../tiff/fields.ts'
import { Tag } from '../tiff/tags.ts'
import type { TiffWriter } from '../tiff/writer.ts'
import { drawLabel } from './label.ts'
import type { Settled } from './options.ts'
import { type Fields, lzwStrips, xmp } from './pages.ts'
import type { Patient } from './patient.ts'

/** In every JPEG stream. */
export const tileComment = (patient: Patient): string => `scanned by ${patient.userId}`

/**
 * A label as SubIFD, an EXIF directory, an XMP packet, a dated ICC profile, and text in bytes that nothing refers to.
 * @returns further fields of the first page
 */
export async function hideInTiff(writer: TiffWriter, icc: Buffer, { patient, bigTiff }: Settled): Promise<Fields> {
  await writer.appendBytes(Buffer.from(`\0${patient.surgicalNumber} left behind\0`))
  const label = await lzwStrips(await drawLabel(patient), bytes => writer.appendBytes(bytes))
  const sub = await appendIfd(writer, { ...label, [Tag.PageName]: ascii(`label ${patient.barcode}`) }, bigTiff)
  const exif = await appendIfd(writer, exifFields(patient), bigTiff)
  const dated = Buffer.from(icc)
  const [, month, day, hour, minute, second] = patient.tiffDateTime.split(/[: ]/).map(Number)
  for (const [i, part] of [2024, month, day, hour, minute, second].entries()) dated.writeUInt16BE(part ?? 0, 24 + i * 2)
  return {
    ...xmp(patient),
    [Tag.SubIFDs]: long(sub),
    [Tag.ExifIfd]: long(exif),
    [Tag.IccProfile]: opaque(dated),
  }
}

/** DateTimeOriginal and UserComment. */
const exifFields = (patient: Patient): Fields => ({
  36867: ascii(patient.tiffDateTime),
  37510: opaque(Buffer.concat([Buffer.from('UNICODE\0'), Buffer.from(patient.patientId, 'utf16le')])),
})

/** Writes an IFD of its own, with its values before it, and returns its position. */
async function appendIfd(writer: TiffWriter, fields: Fields, bigTiff: boolean): Promise<number> {
  const pointer = bigTiff ? 8 : 4
  const number = (value: number, width: number): Buffer => {
    const bytes = Buffer.alloc(width)
    bytes.writeUIntLE(value, 0, Math.min(width, 6))
    return bytes
  }
  const entries: Buffer[] = []
  for (const [tag, field] of Object.entries(fields)) {
    const value = encodeField(field, pointer)
    const stored = 'offset' in value ? value.offset : null
    const at =
      stored ?? ('bytes' in value && value.bytes.length > pointer ? await writer.appendBytes(value.bytes) : null)
    const word = at === null && 'bytes' in value ? value.bytes : number(at ?? 0, pointer)
    entries.push(
      number(Number(tag), 2),
      number(value.type, 2),
      number(value.count, pointer),
      Buffer.concat([word, Buffer.alloc(pointer - word.length)]),
    )
  }
  if (writer.position % 2) await writer.appendBytes(Buffer.alloc(1))
  const count = number(Object.keys(fields).length, bigTiff ? 8 : 2)
  return writer.appendBytes(Buffer.concat([count, ...entries, Buffer.alloc(pointer)]))
}

/** What an editor of metadata leaves when it writes a value anew, and a scanner's note. */
export async function hideBehindEnd(path: string, patient: Patient): Promise<void> {
  await appendFile(path, `\0${patient.imageId}-${patient.rack} behind the end\0`)
  await appendFile(path, Buffer.from(`\0${patient.hospital} behind the end\0`, 'utf16le'))
}

/** Files that scanners and people leave in a MIRAX slide's folder. */
export async function leaveBesideMirax(folder: string, patient: Patient): Promise<void> {
  await writeFile(join(folder, 'Slidedat.ini~'), `[GENERAL]\r\nSLIDE_NAME = ${patient.fileName}\r\n`)
  await writeFile(join(folder, 'scan.log'), `${patient.scanDate} ${patient.artist} ${patient.folder}\r\n`)
}
