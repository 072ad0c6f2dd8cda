import type { Slide } from '@coverslip/proto/api.ts'
import { useEffect } from 'preact/hooks'
import { api } from '../api.ts'
import { Progress } from '../parts/progress.tsx'

interface Props {
  slide: Slide | null
  text: string
  onSlide?(slide: Slide): void
}

/** A slide that cannot be viewed (yet): why, how far it is, and the way back. */
export function SlideOnItsWay({ slide, text, onSlide }: Props) {
  // A slide that has just become ready may be known as such a moment before its tiles are.
  const tiling = slide?.state === 'tiling' || slide?.state === 'ready'
  useEffect(() => {
    if (!tiling || !slide || !onSlide) return
    const timer = setTimeout(() => {
      // A failed look is repeated by handing in the same slide again.
      api.slide(slide.id).then(onSlide, () => onSlide({ ...slide }))
    }, 1000)
    return () => clearTimeout(timer)
  }, [slide])
  return (
    <div class="plain">
      <main class="card">
        {slide ? <h1>{slide.name}</h1> : null}
        {tiling ? (
          <Progress label="Being prepared for viewing" value={slide.progress} secondsLeft={slide.secondsLeft} />
        ) : (
          <p>{text || explain(slide)}</p>
        )}
        <a class="button" href="/">
          All slides
        </a>
      </main>
    </div>
  )
}

function explain(slide: Slide | null): string {
  if (slide?.state === 'failed') return slide.reason ?? 'This slide could not be prepared for viewing.'
  return slide?.state === 'withdrawn' ? 'This slide has been withdrawn.' : 'This slide cannot be viewed.'
}
