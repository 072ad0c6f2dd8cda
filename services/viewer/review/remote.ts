/** The review routes of the API. */
import type { Gate, Review, ReviewSummary } from '@coverslip/proto/api/reviews.ts'
import { json } from '../api.ts'
import type { Decision } from './decisions.ts'
import type { Rectangle } from './map.ts'

interface ReviewPage {
  reviews: ReviewSummary[]
  nextCursor: string | null
  waiting: number
}

export const reviews = {
  list: (state: 'waiting' | 'redacting') => json<ReviewPage>(`/api/reviews?state=${state}&limit=200`),
  /** How many slides wait, in every project that the caller reviews. */
  waiting: () => json<ReviewPage>('/api/reviews?state=waiting&limit=1').then(({ waiting }) => waiting),
  one: (id: string) => json<Review>(`/api/reviews/${id}`),
  decide: (id: string, decision: Omit<Decision, 'id'>) =>
    json<ReviewSummary>(`/api/reviews/${id}/decision`, { method: 'POST', json: decision }),
  redact: (id: string, revision: number, regions: readonly Rectangle[]) =>
    json<ReviewSummary>(`/api/reviews/${id}/redactions`, { method: 'POST', json: { revision, regions } }),
  gate: (project: string) => json<Gate>(`/api/projects/${encodeURIComponent(project)}/gate`),
}

export const reviewImageUrl = (id: string, revision: number, image: string): string =>
  `/api/reviews/${id}/images/${image}?revision=${revision}`
