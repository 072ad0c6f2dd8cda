/** An annotation campaign: two hundred readers, a hundred slides, everybody draws. */
import exec from 'k6/execution'
import { annotateSlide } from '../drawing.ts'
import { createRandom, zipf } from '../random.ts'
import { optionsOf, sized, summarise, VIEWS_PER_SLIDE } from '../scenario.ts'
import { slides } from '../session.ts'

const READERS = 200

export const options = optionsOf(
  {
    executor: 'ramping-vus',
    startVUs: 0,
    // People do not all sit down in the same second.
    stages: [
      { duration: sized('15s', '2m'), target: READERS },
      { duration: sized('45s', '20m'), target: READERS },
    ],
    gracefulRampDown: '5s',
  },
  { annotation_errors: ['rate==0'] },
)
export const handleSummary = summarise

export default async function annotator(): Promise<void> {
  const seed = exec.vu.idInTest * 1000 + exec.vu.iterationInScenario
  const id = slides[zipf(createRandom(seed), slides.length, 0.5)]!
  await annotateSlide(id, VIEWS_PER_SLIDE, seed)
}
