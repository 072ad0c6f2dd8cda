/** A cold morning: every slide is opened for the first time, none is staged, no cache holds a tile of it. */
import exec from 'k6/execution'
import { optionsOf, sized, summarise } from '../scenario.ts'
import { readSlide, slideSeed, slides } from '../session.ts'

export const options = optionsOf(
  {
    executor: 'shared-iterations',
    vus: sized(4, 20),
    iterations: Math.max(1, slides.length),
    maxDuration: sized('2m', '30m'),
  },
  // Nothing is warm, so a screen may take what a first view may take.
  { viewport_complete: ['p(95)<1000'] },
)
export const handleSummary = summarise

export default async function earlyReader(): Promise<void> {
  const id = slides[exec.scenario.iterationInTest]!
  await readSlide(id, 4, slideSeed(id), exec.scenario.iterationInTest)
}
