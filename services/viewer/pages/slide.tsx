import 'ol/ol.css'
import '../style/viewer.css'
import '../style/panel.css'
import type { Slide, User } from '@coverslip/proto/api.ts'
import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiError, api, messageOf, signedIn } from '../api.ts'
import { AnnotationEditor } from '../parts/annotation-editor.tsx'
import { AnnotationList } from '../parts/annotation-list.tsx'
import { IconButton } from '../parts/button.tsx'
import { Conflicts } from '../parts/conflicts.tsx'
import { Files } from '../parts/files.tsx'
import { HeatMaps } from '../parts/heat-maps.tsx'
import { Help } from '../parts/help.tsx'
import { Icons } from '../parts/icons.tsx'
import { Layers } from '../parts/layers.tsx'
import { Minimap } from '../parts/minimap.tsx'
import { NoticeList } from '../parts/notice-list.tsx'
import { SavedBadge } from '../parts/saved-badge.tsx'
import { ScaleBar } from '../parts/scale-bar.tsx'
import { SlideFacts } from '../parts/slide-facts.tsx'
import { Toolbar, ToolHint } from '../parts/toolbar.tsx'
import { ZoomBar } from '../parts/zoom-bar.tsx'
import type { Page } from '../slide/commands.ts'
import { openSlide } from '../slide/open.ts'
import { findRendition, type ShownRendition } from '../slide/rendition.ts'
import { SlideOnItsWay } from './slide-on-its-way.tsx'

interface Found {
  slide: Slide
  user: User
  rendition: ShownRendition | null
  /** See openSlide. */
  since: number
}

/** One slide: fetched, then either viewed, as soon as there is something to be seen, or waited for. */
export function SlidePage({ id }: { id: string }) {
  const [found, setFound] = useState<Found | null>(null)
  const [failure, setFailure] = useState('')
  useEffect(() => {
    signedIn(Promise.all([api.slide(id), api.session(), findRendition(id)]))
      .then(([slide, user, rendition]) => setFound({ slide, user, rendition, since: 0 }))
      .catch(error =>
        setFailure(error instanceof ApiError && error.status === 404 ? 'There is no such slide.' : messageOf(error)),
      )
  }, [id])
  useEffect(() => {
    document.title = `${found?.slide.name ?? 'Slide'} · Coverslip`
  }, [found])
  if (!found) return <SlideOnItsWay slide={null} text={failure || 'Loading…'} />
  const { slide, user, rendition, since } = found
  if (rendition && slide.state !== 'withdrawn') {
    return <Viewer slide={slide} rendition={rendition} user={user} since={since} />
  }
  const look = async (seen: Slide) => {
    const shown = await findRendition(id).catch(() => null)
    setFound({ slide: seen, user, rendition: shown, since: performance.now() })
  }
  return <SlideOnItsWay slide={slide} text={failure} onSlide={look} />
}

function Viewer({ slide, rendition, user, since }: Found & { rendition: ShownRendition }) {
  const canvas = useRef<HTMLElement>(null)
  const [page, setPage] = useState<Page | null>(null)
  useEffect(() => {
    const opened = openSlide(slide, rendition, { user, since }, canvas.current!)
    setPage(opened.page)
    return opened.close
  }, [slide, rendition, user, since])
  return (
    <div class={page && !page.state.panel.value ? 'viewer without-panel' : 'viewer'}>
      {page ? <TopBar page={page} /> : <header class="top-bar" />}
      <div class="stage">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the slide takes the keys */}
        <main class="canvas" ref={canvas} tabIndex={0} aria-label={`Slide ${slide.name}`} />
        {page ? <Overlays page={page} /> : null}
      </div>
      {page?.state.panel.value ? <Panel page={page} /> : null}
    </div>
  )
}

function TopBar({ page }: { page: Page }) {
  const { state, session } = page
  return (
    <header class="top-bar">
      <a class="home" href="/" title="All slides">
        <Icons.back />
        Slides
      </a>
      <h1>{state.slide.name}</h1>
      {state.writable ? null : <span class="badge">View only</span>}
      {state.original.value ? <OriginalBadge slide={state.slide} /> : null}
      <span class="grow" />
      <SavedBadge session={session} />
      <IconButton icon="help" label="Keys and help" keys="?" onClick={() => toggle(state.help)} />
      <IconButton icon="panel" label="Side panel" pressed={state.panel.value} onClick={() => toggle(state.panel)} />
    </header>
  )
}

/** The pyramid is not there (yet): the slide can be viewed all the same. */
function OriginalBadge({ slide }: { slide: Slide }) {
  if (slide.state !== 'failed') return <span class="badge waiting">Original; being prepared for quick viewing</span>
  return (
    <span class="badge" title={slide.reason ?? undefined}>
      Original; could not be prepared for quick viewing
    </span>
  )
}

function Overlays({ page }: { page: Page }) {
  const { state, session } = page
  return (
    <>
      <Toolbar page={page} />
      <ToolHint page={page} />
      <ScaleBar state={state} />
      <ZoomBar page={page} />
      {state.minimap.value ? <Minimap page={page} /> : null}
      <NoticeList notices={state.notices} />
      <Conflicts session={session} />
      {state.help.value ? <Help onClose={() => toggle(state.help, false)} /> : null}
    </>
  )
}

function Panel({ page }: { page: Page }) {
  return (
    <aside class="panel" aria-label="Annotations and slide">
      <AnnotationEditor page={page} />
      <Layers page={page} />
      <HeatMaps page={page} />
      <Files page={page} />
      <AnnotationList page={page} />
      <SlideFacts state={page.state} />
    </aside>
  )
}

const toggle = (flag: { value: boolean }, to = !flag.value) => {
  flag.value = to
}
