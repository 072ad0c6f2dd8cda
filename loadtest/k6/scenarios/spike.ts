/** A spike: a few readers, then twenty times as many within seconds (a link in a lecture), then a few again. */
import exec from 'k6/execution'
import { optionsOf, sized, summarise, VIEWS_PER_SLIDE } from '../scenario.ts'
import { readSlide, slideSeed, slides } from '../session.ts'

export const options = optionsOf({
  executor: 'ramping-vus',
  startVUs: 5,
  stages: [
    { duration: sized('10s', '2m'), target: 5 },
    { duration: sized('5s', '10s'), target: 100 },
    { duration: sized('20s', '3m'), target: 100 },
    { duration: sized('5s', '10s'), target: 5 },
    { duration: sized('10s', '2m'), target: 5 },
  ],
  gracefulRampDown: '5s',
})
export const handleSummary = summarise

export default async function reader(): Promise<void> {
  const seed = exec.vu.idInTest * 1000 + exec.vu.iterationInScenario
  const id = slides[seed % slides.length]!
  await readSlide(id, VIEWS_PER_SLIDE, slideSeed(id), seed)
}
