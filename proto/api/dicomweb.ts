/** DICOMweb, read-only: QIDO-RS and WADO-RS for metadata and frames; see services/tiles/dicomweb. */
import type { RouteSpec } from './route.ts'

const STUDY = '/dicomweb/studies/{study}'
const SERIES = `${STUDY}/series/{series}`
const INSTANCE = `${SERIES}/instances/{instance}`

const json = (path: string, summary: string): RouteSpec => ({
  method: 'GET',
  path,
  module: 'tiles',
  access: 'slide.read',
  summary,
  answer: 'application/dicom+json',
})

export const dicomWebRoutes: readonly RouteSpec[] = [
  json('/dicomweb/studies', 'Slides as studies; limit, offset and filters by UID'),
  json(`${STUDY}/series`, 'The rendition to show now as a series'),
  json(`${STUDY}/instances`, 'Its levels as instances'),
  json(`${SERIES}/instances`, 'The levels of a rendition as instances'),
  json(`${STUDY}/metadata`, 'All attributes of all levels'),
  json(`${SERIES}/metadata`, 'All attributes of the levels of a rendition'),
  json(`${INSTANCE}/metadata`, 'All attributes of a level'),
  {
    method: 'GET',
    path: `${INSTANCE}/frames/{frames}`,
    module: 'tiles',
    access: 'slide.read',
    summary: 'Tiles of a level at their full size, numbered from 1: `1,2,7`',
    answer: 'multipart/related; type="image/jpeg"',
    raw: 'http',
  },
]
