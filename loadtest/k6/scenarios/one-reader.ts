/** One reader, one slide after the other: what the system does for somebody who has it to themselves. */
import exec from 'k6/execution'
import { optionsOf, sized, summarise, VIEWS_PER_SLIDE } from '../scenario.ts'
import { readSlide, slideSeed, slides } from '../session.ts'

export const options = optionsOf({ executor: 'constant-vus', vus: 1, duration: sized('30s', '10m') })
export const handleSummary = summarise

export default async function oneReader(): Promise<void> {
  const turn = exec.scenario.iterationInTest
  const id = slides[turn % slides.length]!
  await readSlide(id, VIEWS_PER_SLIDE, slideSeed(id), turn)
}
