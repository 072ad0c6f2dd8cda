/** A class: fifty students on one slide, who all come when the teacher says so. */
import exec from 'k6/execution'
import { optionsOf, sized, summarise, VIEWS_PER_SLIDE } from '../scenario.ts'
import { readSlide, slideSeed, slides } from '../session.ts'

export const options = optionsOf({ executor: 'constant-vus', vus: 50, duration: sized('30s', '10m') })
export const handleSummary = summarise

export default async function student(): Promise<void> {
  const id = slides[0]!
  await readSlide(id, VIEWS_PER_SLIDE, slideSeed(id), exec.vu.idInTest * 1000 + exec.vu.iterationInScenario)
}
