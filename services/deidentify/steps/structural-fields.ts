import { FieldType, Tag } from '@coverslip/wsi/tiff/tags.ts'
import type { TiffFormat } from '../procedure/draft.ts'

const { BYTE, SHORT, LONG, RATIONAL, UNDEFINED, SLONG, FLOAT, LONG8 } = FieldType

/** What a field may be: numbers of these types, at most so many, none larger than `most`. */
export interface FieldRule {
  types: readonly number[]
  max: number
  most?: number
}
const whole = (max: number, most = Number.MAX_SAFE_INTEGER): FieldRule => ({
  types: [BYTE, SHORT, LONG, LONG8],
  max,
  most,
})
const rational = (max: number): FieldRule => ({ types: [RATIONAL], max })

/** Enough for every sample of a pixel that a slide has. */
const SAMPLES = 8
/** Offsets and counts of tiles: as many as there are tiles, which the reader bounds. */
const TILES = whole(Number.MAX_SAFE_INTEGER)

/**
 * The fields that say how pixels are stored, and nothing else (TIFF 6.0; the list follows that of ImageDePHI). A field
 * that is not here, or has another type, more values than it needs or larger ones, goes: text could hide in it. Ranges
 * of samples (280, 281, 340, 341), white point and primaries (318, 319) are no part of how a slide is shown.
 */
export const STRUCTURAL: ReadonlyMap<number, FieldRule> = new Map<number, FieldRule>([
  [Tag.NewSubfileType, whole(1, 31)],
  [255, whole(1, 3)], // SubfileType
  [Tag.ImageWidth, whole(1)],
  [Tag.ImageLength, whole(1)],
  [Tag.BitsPerSample, whole(SAMPLES, 64)],
  [Tag.Compression, whole(1, 65_535)],
  [Tag.PhotometricInterpretation, whole(1, 65_535)],
  [266, whole(1, 2)], // FillOrder
  [Tag.StripOffsets, TILES],
  [Tag.Orientation, whole(1, 8)],
  [Tag.SamplesPerPixel, whole(1, 65_535)],
  [Tag.RowsPerStrip, whole(1)],
  [Tag.StripByteCounts, TILES],
  [Tag.XResolution, rational(1)],
  [Tag.YResolution, rational(1)],
  [Tag.PlanarConfiguration, whole(1, 2)],
  [Tag.ResolutionUnit, whole(1, 3)],
  [Tag.Predictor, whole(1, 3)],
  [Tag.ColorMap, whole(3 * 65_536)],
  [Tag.TileWidth, whole(1)],
  [Tag.TileLength, whole(1)],
  [Tag.TileOffsets, TILES],
  [Tag.TileByteCounts, TILES],
  [Tag.ExtraSamples, whole(SAMPLES, 2)],
  [Tag.SampleFormat, whole(SAMPLES, 6)],
  [Tag.JPEGTables, { types: [UNDEFINED, BYTE], max: 4096 }],
  [529, rational(3)], // YCbCrCoefficients
  [Tag.YCbCrSubSampling, whole(2, 4)],
  [531, whole(1, 2)], // YCbCrPositioning
  [532, rational(6)], // ReferenceBlackWhite
  [Tag.ImageDepth, whole(1, 65_535)],
  [Tag.IccProfile, { types: [UNDEFINED, BYTE], max: 64 * 1024 * 1024 }],
])

/**
 * Hamamatsu's private fields without which a level cannot be read or placed on the glass; its others are texts, serial
 * numbers, dates and hours of the lamp.
 */
const HAMAMATSU: ReadonlyMap<number, FieldRule> = new Map<number, FieldRule>([
  [65_420, whole(1)], // the mark of the format
  [65_421, { types: [FLOAT, LONG, SLONG], max: 1 }], // SourceLens: magnification
  [65_422, { types: [SLONG, LONG], max: 1 }], // XOffsetFromSlideCentre, nm
  [65_423, { types: [SLONG, LONG], max: 1 }], // YOffsetFromSlideCentre
  [65_424, { types: [SLONG, LONG], max: 1 }], // focal plane
  [65_426, TILES], // where each run between restart markers begins
  [65_432, TILES], // the upper words of these
])

const PRINTABLE = /[\x20-\x7e]{4}/

/** Whether a field's numbers are what the rule says; fractions are numbers that do not read as text. */
export function isPlausible(rule: FieldRule, bytes: Buffer, numbers: ArrayLike<number>): boolean {
  if (rule.types.includes(RATIONAL)) return !PRINTABLE.test(bytes.toString('latin1'))
  const { most = Number.POSITIVE_INFINITY } = rule
  return Array.prototype.every.call(numbers, (value: number) => value <= most)
}

/** The rule for a field of a format; undefined for one that goes. */
export const ruleOf = (format: TiffFormat, tag: number): FieldRule | undefined =>
  STRUCTURAL.get(tag) ?? (format === 'hamamatsu' ? HAMAMATSU.get(tag) : undefined)

/** Names of fields that are removed, for reports; private fields are only numbers to a reader. */
export const KNOWN_FIELDS: ReadonlyMap<number, string> = new Map([
  [Tag.DocumentName, 'DocumentName'],
  [Tag.ImageDescription, 'ImageDescription'],
  [Tag.Make, 'Make'],
  [Tag.Model, 'Model'],
  [Tag.PageName, 'PageName'],
  [Tag.Software, 'Software'],
  [Tag.DateTime, 'DateTime'],
  [Tag.Artist, 'Artist'],
  [Tag.HostComputer, 'HostComputer'],
  [Tag.SubIFDs, 'SubIFDs'],
  [280, 'MinSampleValue'],
  [281, 'MaxSampleValue'],
  [318, 'WhitePoint'],
  [319, 'PrimaryChromaticities'],
  [340, 'SMinSampleValue'],
  [341, 'SMaxSampleValue'],
  [333, 'InkNames'],
  [Tag.Xmp, 'XMP'],
  [Tag.Copyright, 'Copyright'],
  [33723, 'IPTC'],
  [34377, 'Photoshop'],
  [Tag.ExifIfd, 'EXIF'],
  [Tag.GpsIfd, 'GPS'],
  [50838, 'ImageJ'],
  [50839, 'ImageJ'],
  [42112, 'GDAL metadata'],
  [65_427, 'Reference'],
  [65_428, 'AuthCode'],
  [65_441, 'CaptureMode'],
  [65_442, 'ScannerSerialNumber'],
  [65_444, 'JpegQuality'],
  [65_448, 'FirmwareVersion'],
  [65_449, 'PropertyMap'],
  [65_450, 'LabelObscured'],
  [65_468, 'Barcode'],
  [65_477, 'ScanProfile'],
  [65_480, 'BarcodeType'],
])
