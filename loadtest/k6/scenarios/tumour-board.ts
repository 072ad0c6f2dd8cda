/** A tumour board: one presenter goes through many cases; everybody's screen shows the presenter's view. */
import exec from 'k6/execution'
import { optionsOf, sized, summarise } from '../scenario.ts'
import { readSlide, slideSeed, slides } from '../session.ts'

const PEOPLE = 12
/** A case is discussed on few views. */
const VIEWS_PER_CASE = 8

export const options = optionsOf({ executor: 'constant-vus', vus: PEOPLE, duration: sized('30s', '30m') })
export const handleSummary = summarise

export default async function member(): Promise<void> {
  const turn = exec.vu.iterationInScenario
  const id = slides[turn % slides.length]!
  // The same seed for all: the same views, of which only the first to ask finds them cold.
  await readSlide(id, VIEWS_PER_CASE, slideSeed(id), turn)
}
