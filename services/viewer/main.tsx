import './style/base.css'
import './style/dialogs.css'
import './style/list.css'
import { render } from 'preact'
import { lazy, Suspense } from 'preact/compat'
import { SignInPage } from './pages/sign-in.tsx'
import { SlidesPage } from './pages/slides.tsx'
import { readProjectAddress } from './projects/address.ts'

// The list must not wait for the map.
const SlidePage = lazy(async () => ({ default: (await import('./pages/slide.tsx')).SlidePage }))

const ReviewPage = lazy(async () => ({ default: (await import('./pages/review.tsx')).ReviewPage }))

const ProjectPage = lazy(async () => ({ default: (await import('./pages/project.tsx')).ProjectPage }))

const CostsPage = lazy(async () => ({ default: (await import('./pages/costs.tsx')).CostsPage }))

function App({ path }: { path: string }) {
  const inProject = readProjectAddress(path)
  if (inProject) {
    return (
      <Suspense fallback={<p class="plain">Loading…</p>}>
        <ProjectPage {...inProject} />
      </Suspense>
    )
  }
  const slideId = /^\/slides\/([0-9a-f-]{36})\/?$/i.exec(path)?.[1]
  if (slideId) {
    return (
      <Suspense fallback={<p class="plain">Loading…</p>}>
        <SlidePage id={slideId} />
      </Suspense>
    )
  }
  if (path === '/review') {
    return (
      <Suspense fallback={<p class="plain">Loading…</p>}>
        <ReviewPage />
      </Suspense>
    )
  }
  if (path === '/costs') {
    return (
      <Suspense fallback={<p class="plain">Loading…</p>}>
        <CostsPage />
      </Suspense>
    )
  }
  if (path === '/sign-in') return <SignInPage />
  return <SlidesPage />
}

render(<App path={location.pathname} />, document.getElementById('app')!)
