/** An annotator's day: hours on one slide, drawing. */
import exec from 'k6/execution'
import { annotateSlide } from '../drawing.ts'
import { optionsOf, sized, summarise } from '../scenario.ts'
import { slides } from '../session.ts'

export const options = optionsOf(
  { executor: 'constant-vus', vus: sized(2, 8), duration: sized('45s', '4h'), gracefulStop: '1s' },
  { annotation_errors: ['rate==0'], annotation_saved: ['p(95)<500'] },
)
export const handleSummary = summarise

export default async function annotator(): Promise<void> {
  const reader = exec.vu.idInTest
  await annotateSlide(slides[reader % slides.length]!, 100_000, reader)
}
