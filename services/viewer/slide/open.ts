/** Opens a slide in an element of the page and takes care that everything ends with it. */
import type { Slide, User } from '@coverslip/proto/api.ts'
import { effect } from '@preact/signals'
import { openAnnotations } from '../annotations/session.ts'
import { api, goToSignIn, messageOf, signedIn } from '../api.ts'
import { showOverlays } from '../overlays/layers.ts'
import type { Page } from './commands.ts'
import { createController } from './controller.ts'
import { readPlace, writePlace } from './deep-link.ts'
import { listenToKeys } from './keyboard.ts'
import { createSlideMap } from './map.ts'
import { findRendition, type ShownRendition } from './rendition.ts'
import type { SlideState } from './state.ts'
import { createSlideState } from './state.ts'
import { findIn } from './terms.ts'
import { tellTimings } from './timings.ts'

const ADDRESS_DELAY = 300
/** How often it is asked whether the pyramid is there. */
const PYRAMID_DELAY = 3000

export interface OpenedSlide {
  page: Page
  close(): void
}

/** @param since when there was something to open, by performance.now(); 0: when the page was asked for */
export function openSlide(
  slide: Slide,
  rendition: ShownRendition,
  { user, since }: { user: User; since: number },
  element: HTMLElement,
): OpenedSlide {
  const state = createSlideState(slide, user, localStorage)
  state.original.value = rendition.original
  // The answer tells whether the sign-in has ended, the slide is gone, or only the connection is bad.
  const onTileFailure = () => {
    signedIn(api.slide(slide.id))
      .then(() => state.notices.show('Some tiles could not be loaded.'))
      .catch(error => state.notices.show(messageOf(error)))
  }
  const slideMap = createSlideMap(slide, rendition, element, {
    place: readPlace(location.search),
    onView: view => {
      state.view.value = view
    },
    onTileFailure,
  })
  const session = openAnnotations(slide.id, user.id, localStorage, {
    applied: changes => controller.applied(changes),
    renamed: (from, to) => {
      if (state.selection.value.has(from)) controller.select([to])
    },
    notice: text => state.notices.show(text),
    signedOut: goToSignIn,
  })
  const controller = createController(state, slideMap, session)
  const page: Page = { state, session, slideMap, controller }
  const stops = [
    effect(() => {
      void session.revision.value
      state.found.value = findIn(session.features.values())
    }),
    watchConnection(page),
    awaitPyramid(page),
    showOverlays(state, slideMap, onTileFailure),
    keepAddress(state),
    tellTimings(slideMap.map, since, () => (state.original.value ? 'original' : 'pyramid')),
    listenToKeys(page, element),
  ]
  void loadAnnotations(page)
  return {
    page,
    close() {
      for (const stop of stops) stop()
      controller.close()
      session.close()
      slideMap.close()
    },
  }
}

async function loadAnnotations({ session, state }: Page) {
  try {
    await signedIn(session.load())
  } catch (error) {
    state.notices.show(`The annotations could not be loaded: ${messageOf(error)} Reload the page to try again.`, [])
  }
}

/** A browser is not told why a WebSocket was refused; an ordinary call finds out. */
function watchConnection({ session, state }: Page): () => void {
  return effect(() => {
    const live = session.live.value
    if (live === 'signed-out') goToSignIn()
    if (live === 'gone') state.notices.show('This slide has been deleted.')
    if (live === 'away') void signedIn(api.session()).catch(() => {})
  })
}

/** Goes over from the original to the pyramid when that is there; whoever looks notices sharper small levels at most. */
function awaitPyramid({ state, slideMap }: Page): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const ask = async () => {
    const found = await findRendition(state.slide.id).catch(() => null)
    if (found && !found.original) {
      slideMap.show(found)
      state.original.value = false
    } else wait()
  }
  const wait = () => {
    timer = setTimeout(ask, PYRAMID_DELAY)
  }
  if (state.original.value) wait()
  return () => clearTimeout(timer)
}

/** Keeps the address a link to what is on the screen; Chromium allows 200 such changes in 30 s. */
function keepAddress(state: SlideState): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  return effect(() => {
    const { centre, resolution } = state.view.value
    clearTimeout(timer)
    const link = writePlace({ x: centre[0], y: centre[1], resolution })
    timer = setTimeout(() => history.replaceState(null, '', location.pathname + link), ADDRESS_DELAY)
  })
}
