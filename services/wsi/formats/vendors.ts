import type { ByteSource } from '../slide.ts'
import type { TiffFile } from '../tiff/index.ts'
import { Tag } from '../tiff/tags.ts'

/**
 * Whether a TIFF is some vendor's format that only OpenSlide reads, so that its pages must not be taken for generic ones:
 * Philips and Trestle by Software, Leica SCN by its XML name space, Ventana by its XMP (marks as in OpenSlide's detectors).
 */
export async function claimedByVendor(file: TiffFile): Promise<boolean> {
  const [first] = file.ifds
  const software = (await first?.text(Tag.Software)) ?? ''
  if (software.startsWith('Philips') || software.startsWith('MedScan')) return true
  const description = (await first?.text(Tag.ImageDescription)) ?? ''
  if (description.includes('http://www.leica-microsystems.com/scn/')) return true
  const xmp = await first?.bytes(Tag.Xmp)
  return xmp?.includes('iScan') === true
}

/** DICOM part 10: 128 free bytes, then "DICM". */
export async function isDicom(source: ByteSource): Promise<boolean> {
  return source.size >= 132 && (await source.read(128, 4)).toString('latin1') === 'DICM'
}
