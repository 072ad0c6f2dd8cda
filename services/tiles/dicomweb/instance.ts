/** A level of a rendition as an instance of the VL Whole Slide Microscopy Image (PS3.3, A.32.8); pure. */
import { frameSize, isRgbCoded } from '@coverslip/wsi/jpeg.ts'
import type { Rendition } from '../renditions/rendition.ts'
import { type Attributes, attributes, code } from './attributes.ts'
import { instanceUid, seriesUid, sharedUid, studyUid } from './uids.ts'

export const WHOLE_SLIDE = '1.2.840.10008.5.1.4.1.1.77.1.6'
export const MODALITY = 'SM'
/** JPEG Baseline, process 1. */
export const JPEG_BASELINE = '1.2.840.10008.1.2.4.50'
const OPTICAL_PATH = '0'

/** How the frames of a level are coded: what a decoder must know before it has seen one. */
export interface Coding {
  samples: 1 | 3
  photometric: 'MONOCHROME2' | 'RGB' | 'YBR_FULL_422'
}

/**
 * Reads the coding off one frame. YCbCr is YBR_FULL_422 however its chroma is sampled, since for JPEG the stream tells
 * (PS3.5, 8.2.1).
 */
export function codingOf(jpeg: Buffer): Coding {
  if (frameSize(jpeg).components === 1) return { samples: 1, photometric: 'MONOCHROME2' }
  return { samples: 3, photometric: isRgbCoded(jpeg) ? 'RGB' : 'YBR_FULL_422' }
}

/** What identifies an instance among those of a study; enough for lists. */
export function identityOf(slideId: string, rendition: string, level: number): Attributes {
  return attributes({
    SOPClassUID: WHOLE_SLIDE,
    SOPInstanceUID: instanceUid(slideId, rendition, level),
    Modality: MODALITY,
    StudyInstanceUID: studyUid(slideId),
    SeriesInstanceUID: seriesUid(slideId, rendition),
    InstanceNumber: level + 1,
    AvailableTransferSyntaxUID: JPEG_BASELINE,
  })
}

/**
 * All attributes of an instance but its pixels. There is no patient in it: names and dates are present and empty.
 * @param ratio bytes of the pixels by bytes of their coding
 */
export function describeInstance(
  slideId: string,
  rendition: Rendition,
  level: number,
  { coding, ratio }: { coding: Coding; ratio: number },
): Attributes {
  return {
    ...identityOf(slideId, rendition.name, level),
    ...subject(slideId, rendition.name),
    ...pixels(rendition, level, coding, ratio),
    ...plane(slideId, rendition, level),
    ...optics(rendition),
    ...attributes({
      SpecificCharacterSet: 'ISO_IR 192',
      Manufacturer: 'Coverslip',
      ManufacturerModelName: 'Coverslip',
      SeriesNumber: 1,
    }),
  }
}

/** Patient, study and specimen: present, and empty or the slide's random id. */
function subject(slideId: string, rendition: string): Attributes {
  const specimen = attributes({
    SpecimenIdentifier: slideId,
    SpecimenUID: sharedUid(slideId, rendition, 'specimen'),
    IssuerOfTheSpecimenIdentifierSequence: [],
    SpecimenPreparationSequence: [],
  })
  return attributes({
    ...{ StudyDate: [], StudyTime: [], AccessionNumber: [], StudyID: [] },
    ...{ PatientName: [], PatientID: [], PatientBirthDate: [], PatientSex: [] },
    PatientIdentityRemoved: 'YES',
    DeidentificationMethod: 'Coverslip',
    ContainerIdentifier: slideId,
    IssuerOfTheContainerIdentifierSequence: [],
    ContainerTypeCodeSequence: [code('433466003', 'SCT', 'Microscope slide')],
    SpecimenDescriptionSequence: [specimen],
    AcquisitionContextSequence: [],
  })
}

function pixels({ levels, tileSize }: Rendition, index: number, coding: Coding, ratio: number): Attributes {
  const level = levels[index]!
  return attributes({
    ImageType: imageType(index),
    SamplesPerPixel: coding.samples,
    PhotometricInterpretation: coding.photometric,
    ...(coding.samples === 3 && { PlanarConfiguration: 0 }),
    NumberOfFrames: level.columns * level.rows,
    Rows: tileSize,
    Columns: tileSize,
    ...{ BitsAllocated: 8, BitsStored: 8, HighBit: 7, PixelRepresentation: 0 },
    BurnedInAnnotation: 'NO',
    LossyImageCompression: '01',
    LossyImageCompressionRatio: short(ratio),
    LossyImageCompressionMethod: 'ISO_10918_1',
  })
}

const imageType = (index: number): string[] => ['DERIVED', 'PRIMARY', 'VOLUME', index === 0 ? 'NONE' : 'RESAMPLED']

function plane(slideId: string, { name, levels, width, height, mpp }: Rendition, index: number): Attributes {
  const level = levels[index]!
  const frames = attributes({
    ...(mpp && {
      PixelMeasuresSequence: [
        attributes({
          // Rows first (PS3.3, 10.7.1.3), millimetres.
          PixelSpacing: [(mpp.y * height) / level.height, (mpp.x * width) / level.width].map(um => short(um / 1000)),
          SliceThickness: 0.001,
        }),
      ],
    }),
    WholeSlideMicroscopyImageFrameTypeSequence: [attributes({ FrameType: imageType(index) })],
    OpticalPathIdentificationSequence: [attributes({ OpticalPathIdentifier: OPTICAL_PATH })],
  })
  const frameOfReference = sharedUid(slideId, name, 'frame of reference')
  return attributes({
    FrameOfReferenceUID: frameOfReference,
    // Frames row by row over the whole matrix: their places need not be listed.
    DimensionOrganizationType: 'TILED_FULL',
    DimensionOrganizationSequence: [attributes({ DimensionOrganizationUID: frameOfReference })],
    ...(mpp && { ImagedVolumeWidth: (mpp.x * width) / 1000, ImagedVolumeHeight: (mpp.y * height) / 1000 }),
    ImagedVolumeDepth: 1,
    TotalPixelMatrixColumns: level.width,
    TotalPixelMatrixRows: level.height,
    TotalPixelMatrixFocalPlanes: 1,
    TotalPixelMatrixOriginSequence: [
      attributes({ XOffsetInSlideCoordinateSystem: 0, YOffsetInSlideCoordinateSystem: 0 }),
    ],
    // Along a row x grows, down a column y: nothing is known of how the glass lay.
    ImageOrientationSlide: [1, 0, 0, 0, 1, 0],
    ...{ SpecimenLabelInImage: 'NO', FocusMethod: 'AUTO', ExtendedDepthOfField: 'NO' },
    SharedFunctionalGroupsSequence: [frames],
  })
}

function optics({ icc, objectivePower }: Rendition): Attributes {
  const path = attributes({
    OpticalPathIdentifier: OPTICAL_PATH,
    IlluminationTypeCodeSequence: [code('111744', 'DCM', 'Brightfield illumination')],
    IlluminationColorCodeSequence: [code('414298005', 'SCT', 'Full Spectrum')],
    ...(objectivePower && { ObjectiveLensPower: short(objectivePower) }),
    ...(icc && { ICCProfile: icc }),
  })
  return attributes({ OpticalPathSequence: [path], NumberOfOpticalPaths: 1 })
}

/** A decimal string has at most 16 characters (PS3.5, 6.2). */
const short = (value: number): number => Number(value.toPrecision(8))
