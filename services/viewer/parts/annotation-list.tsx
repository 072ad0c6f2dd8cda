import { computed, useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { AnnotationFeature } from '../annotations/model.ts'
import { colorOf, isLocked, kindOf, nameOf, termOf } from '../annotations/model.ts'
import type { Page } from '../slide/commands.ts'
import { goToNext, listed } from '../slide/commands.ts'
import { measuresOf } from '../slide/measures.ts'
import { isVisible, KIND_NAMES } from '../slide/state.ts'
import { cssColor } from '../slide/terms.ts'
import { calibrationOf } from '../slide/units.ts'
import { IconButton } from './button.tsx'

const ROW = 44
/** Rows drawn above and below what is seen, so that scrolling shows no holes. */
const SPARE = 6

/** Every annotation in reading order; only the rows in sight are drawn, so that ten thousand are no burden. */
export function AnnotationList({ page }: { page: Page }) {
  const filter = useSignal('')
  const top = useSignal(0)
  const height = useSignal(300)
  const list = useMemo(
    () =>
      computed(() => {
        void page.session.revision.value
        const wanted = filter.value.trim().toLowerCase()
        return listed(page).filter(feature => !wanted || titleOf(feature).toLowerCase().includes(wanted))
      }),
    [page],
  )
  const rows = list.value
  const scroll = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = scroll.current!
    const measure = () => {
      height.value = element.clientHeight
    }
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  const [chosen] = page.state.selection.value
  useEffect(
    () =>
      showRow(
        scroll.current,
        list.value.findIndex(feature => feature.id === chosen),
      ),
    [chosen],
  )
  const first = Math.max(0, Math.floor(top.value / ROW) - SPARE)
  const shown = rows.slice(first, first + Math.ceil(height.value / ROW) + 2 * SPARE)
  return (
    <section class="annotation-list">
      <header>
        <h2>
          Annotations <small>{rows.length}</small>
        </h2>
        <IconButton icon="back" label="Previous annotation" keys="Shift+N" onClick={() => goToNext(page, -1)} />
        <IconButton icon="next" label="Next annotation" keys="N" onClick={() => goToNext(page, 1)} />
      </header>
      <input
        type="search"
        placeholder="Filter by term or name"
        aria-label="Filter annotations"
        value={filter.value}
        onInput={event => {
          filter.value = event.currentTarget.value
        }}
      />
      <div
        class="scroll"
        ref={scroll}
        onScroll={event => {
          top.value = event.currentTarget.scrollTop
        }}
      >
        <ul style={{ height: `${rows.length * ROW}px`, paddingTop: `${first * ROW}px` }}>
          {shown.map(feature => (
            <Row key={feature.id} page={page} feature={feature} />
          ))}
        </ul>
        {rows.length === 0 ? <Nothing page={page} filtered={filter.value !== ''} /> : null}
      </div>
    </section>
  )
}

function showRow(scroll: HTMLElement | null, index: number) {
  if (!scroll || index < 0) return
  const { scrollTop, clientHeight } = scroll
  const [above, below] = [index * ROW, (index + 1) * ROW - clientHeight]
  if (scrollTop > above) scroll.scrollTop = above
  else if (scrollTop < below) scroll.scrollTop = below
}

function Row({ page, feature }: { page: Page; feature: AnnotationFeature }) {
  const { state } = page
  const measures = measuresOf(feature.geometry, calibrationOf(state.slide))
  const refused = page.session.refusal(feature.id)
  const [title, ...details] = [
    nameOf(feature),
    termOf(feature)?.name,
    KIND_NAMES[kindOf(feature)],
    measures.area || measures.length,
  ].filter(Boolean)
  return (
    <li class={isVisible(state, feature) ? '' : 'dimmed'}>
      <button
        type="button"
        aria-pressed={state.selection.value.has(feature.id)}
        title={refused ? `Not saved: ${refused}` : 'Show on the slide'}
        onClick={() => page.controller.zoomToAnnotation(feature)}
      >
        <i class="swatch" style={{ background: cssColor(colorOf(feature)) }} />
        <span class="grow">
          <b>{title}</b>
          <small>{details.join(' · ')}</small>
        </span>
        {refused ? <span class="badge waiting">not saved</span> : null}
        {isLocked(feature) ? <span class="tag">locked</span> : null}
      </button>
    </li>
  )
}

function Nothing({ page, filtered }: { page: Page; filtered: boolean }) {
  if (!page.session.loaded.value) return <p class="hint">Loading…</p>
  if (filtered) return <p class="hint">Nothing matches the filter.</p>
  return (
    <p class="hint">
      {page.state.writable
        ? 'Nothing drawn yet. Choose a tool on the left, or import a file above.'
        : 'Nothing drawn yet.'}
    </p>
  )
}

const titleOf = (feature: AnnotationFeature) =>
  `${nameOf(feature)} ${termOf(feature)?.name ?? ''} ${KIND_NAMES[kindOf(feature)]}`
