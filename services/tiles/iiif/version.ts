/** What the two versions of the IIIF Image API differ in. Sources: https://iiif.io/api/image/3.0/ and /2.1/. */
export type Version = 2 | 3

export const contextOf = (version: Version): string => `http://iiif.io/api/image/${version}/context.json`
export const profileOf = (version: Version): string => `http://iiif.io/api/image/${version}/level2.json`

/** The address of a slide's image service. */
export const serviceOf = (origin: string, version: Version, slideId: string): string =>
  `${origin}/iiif/${version}/${encodeURIComponent(slideId)}`
