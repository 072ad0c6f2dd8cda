/** Searching (PS3.18, 10.6): what a query asks for, and whether an answer has it; pure but for the list of slides. */

import type { Db } from '@coverslip/platform/db/port.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Tables } from '../store.ts'
import { type Attributes, attributes, tagOf } from './attributes.ts'
import { MODALITY } from './instance.ts'
import { slideOf, studyUid } from './uids.ts'

export interface Search {
  limit: number
  offset: number
  /** Values by tag; several: one of them. */
  filters: Map<string, string[]>
}

const USUAL = 100
const MOST = 1000
/** Parameters that are no attributes. `fuzzymatching` and `includefield` change nothing: everything known is told. */
const OTHERS = new Set(['limit', 'offset', 'includefield', 'fuzzymatching'])

/**
 * Reads a query.
 * @throws ServiceError `invalid` for an attribute that cannot be searched, since ignoring it would answer another question
 */
export function readSearch(query: URLSearchParams): Search {
  const filters = new Map<string, string[]>()
  for (const [name, value] of query) {
    if (OTHERS.has(name)) continue
    const tag = tagOf(name)
    if (!tag)
      throw new ServiceError('invalid', 'Only attributes of the answers can be searched for: UIDs, SOP class, modality')
    const values = value.split(/[,\\]/).map(one => one.trim())
    filters.set(tag, [...(filters.get(tag) ?? []), ...values])
  }
  return {
    filters,
    limit: Math.min(MOST, readCount(query.get('limit'), USUAL)),
    offset: readCount(query.get('offset'), 0),
  }
}

function readCount(text: string | null, usual: number): number {
  if (text === null) return usual
  if (!/^\d{1,9}$/.test(text)) throw new ServiceError('invalid', 'limit and offset are numbers')
  return Number(text)
}

/** Whether an answer has one of the values of each filter; `*` and nothing at all mean any. */
export function matches({ filters }: Search, answer: Attributes): boolean {
  return [...filters].every(([tag, wanted]) => {
    if (wanted.every(value => value === '' || value === '*')) return true
    const found = answer[tag]?.Value ?? []
    return wanted.some(value => found.some(one => String(one) === value))
  })
}

/** One study of a list. */
export function describeStudy(slideId: string): Attributes {
  return attributes({
    ...{ StudyDate: [], StudyTime: [], AccessionNumber: [], PatientName: [], PatientID: [], StudyID: [] },
    ...{ PatientBirthDate: [], PatientSex: [] },
    ModalitiesInStudy: MODALITY,
    Modality: MODALITY,
    StudyInstanceUID: studyUid(slideId),
    NumberOfStudyRelatedSeries: 1,
  })
}

/** The slides of projects, as far as a search is for them. @param projects `['*']`: all */
export async function findSlides(db: Db<Tables>, projects: string[], search: Search): Promise<string[]> {
  const studies = search.filters.get(tagOf('StudyInstanceUID')!)?.filter(uid => uid !== '' && uid !== '*')
  const rest = new Map([...search.filters].filter(([tag]) => tag !== tagOf('StudyInstanceUID')))
  if (!matches({ ...search, filters: rest }, describeStudy('00000000-0000-0000-0000-000000000000'))) return []
  const everywhere = projects.includes('*')
  if (!everywhere && projects.length === 0) return []
  let query = db.query
    .selectFrom('slides')
    .select('slide_id')
    .where('deleted', '=', false)
    .where('slide_id', 'in', trx => trx.selectFrom('renditions').select('slide_id'))
    .orderBy('slide_id')
    .limit(search.limit)
    .offset(search.offset)
  if (!everywhere) query = query.where('project', 'in', projects)
  if (studies?.length) {
    const ids = studies.flatMap(uid => slideOf(uid) ?? [])
    if (ids.length === 0) return []
    query = query.where('slide_id', 'in', ids)
  }
  return (await query.execute()).map(({ slide_id }) => slide_id)
}
