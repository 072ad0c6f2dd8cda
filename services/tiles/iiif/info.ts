/** info.json: what an IIIF viewer must know of a slide. */

import { MAX_AREA, MAX_SIDE, type Size } from '../regions/picture.ts'
import { exactDownsample } from '../regions/plan.ts'
import type { Rendition } from '../renditions/rendition.ts'
import { contextOf, profileOf, type Version } from './version.ts'

/** Beyond those of level 2, in the words of either version. */
const FEATURES_3 = ['canonicalLinkHeader', 'mirroring', 'profileLinkHeader', 'rotationArbitrary', 'sizeUpscaling']
const FEATURES_2 = [
  'canonicalLinkHeader',
  'mirroring',
  'profileLinkHeader',
  'regionSquare',
  'rotationArbitrary',
  'sizeAboveFull',
]

type Levels = Pick<Rendition, 'width' | 'height' | 'tileSize' | 'levels'>

export const infoOf = (id: string, rendition: Levels, version: Version): object =>
  version === 3 ? infoOf3(id, rendition) : infoOf2(id, rendition)

function infoOf3(id: string, rendition: Levels): object {
  return {
    '@context': contextOf(3),
    id,
    type: 'ImageService3',
    protocol: 'http://iiif.io/api/image',
    profile: 'level2',
    width: rendition.width,
    height: rendition.height,
    maxWidth: MAX_SIDE,
    maxHeight: MAX_SIDE,
    maxArea: MAX_AREA,
    sizes: sizesOf(rendition),
    tiles: tilesOf(rendition),
    preferredFormats: ['jpg'],
    extraFormats: ['webp', 'avif'],
    extraQualities: ['color', 'gray', 'bitonal'],
    extraFeatures: FEATURES_3,
  }
}

function infoOf2(id: string, rendition: Levels): object {
  const more = {
    formats: ['webp', 'avif'],
    qualities: ['bitonal', 'color', 'gray'],
    supports: FEATURES_2,
    maxWidth: MAX_SIDE,
    maxHeight: MAX_SIDE,
    maxArea: MAX_AREA,
  }
  return {
    '@context': contextOf(2),
    '@id': id,
    protocol: 'http://iiif.io/api/image',
    width: rendition.width,
    height: rendition.height,
    sizes: sizesOf(rendition),
    tiles: tilesOf(rendition),
    profile: [profileOf(2), more],
  }
}

/** The stored levels that may be asked for as a whole, the smallest first. */
function sizesOf({ levels }: Levels): Size[] {
  return levels
    .filter(({ width, height }) => Math.max(width, height) <= MAX_SIDE && width * height <= MAX_AREA)
    .map(({ width, height }) => ({ width, height }))
    .reverse()
}

/** Stored tiles go out as they are; so these are the quickest. */
function tilesOf(rendition: Levels): object[] {
  const factors = rendition.levels.map(level => Math.round(exactDownsample(rendition, level)))
  return [{ width: rendition.tileSize, height: rendition.tileSize, scaleFactors: [...new Set(factors)] }]
}
