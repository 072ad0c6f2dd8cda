/** The slide list as it is now, kept fresh while something is on its way. */
import type { IntakeSlide, Slide, User } from '@coverslip/proto/api.ts'
import { computed, signal } from '@preact/signals'
import { ApiError, api, messageOf, signedIn } from '../api.ts'
import { maySteward } from '../rights.ts'
import { isMoving, mergeRows, nextLook } from './rows.ts'

export type SlideList = ReturnType<typeof createSlideList>

export function createSlideList() {
  const slides = signal<readonly Slide[]>([])
  const intake = signal<readonly IntakeSlide[]>([])
  /** Who is signed in; null until that is known. */
  const user = signal<User | null>(null)
  const intakeOpen = signal(true)
  const loaded = signal(false)
  const failure = signal('')
  const query = signal('')
  /** Cursors of the pages seen so far; the last one is shown. */
  const cursors = signal<readonly (string | null)[]>([null])
  const nextCursor = signal<string | null>(null)
  const rows = computed(() => {
    const firstPage = cursors.value.length === 1
    return mergeRows(slides.value, firstPage ? intake.value : intake.value.filter(isOnPage), query.value)
  })
  const isOnPage = (one: IntakeSlide) => slides.value.some(slide => slide.id === one.id)
  let timer: ReturnType<typeof setTimeout> | undefined
  let current = new AbortController()
  let quietLooks = 0

  async function look() {
    clearTimeout(timer)
    current.abort()
    const mine = new AbortController()
    current = mine
    try {
      const [page, coming] = await Promise.all([
        signedIn(api.slides(query.value, cursors.value.at(-1) ?? null, mine.signal)),
        lookAtIntake(mine.signal),
      ])
      if (mine.signal.aborted) return
      slides.value = page.slides
      nextCursor.value = page.nextCursor
      intake.value = coming
      loaded.value = true
      failure.value = ''
    } catch (error) {
      if (mine.signal.aborted) return
      failure.value = messageOf(error)
    }
    const moving = isMoving(rows.value) && !failure.value
    quietLooks = moving ? 0 : quietLooks + 1
    if (!document.hidden) timer = setTimeout(look, nextLook(moving, quietLooks))
  }

  /** Not everybody may see the intake, and only the on-prem site has one. */
  async function lookAtIntake(cancelled: AbortSignal): Promise<IntakeSlide[]> {
    user.value ??= await signedIn(api.session())
    if (!intakeOpen.value || !maySteward(user.value)) return []
    try {
      return (await api.intakeSlides(cancelled)).slides
    } catch (error) {
      if (!(error instanceof ApiError && (error.status === 403 || error.status === 404))) throw error
      intakeOpen.value = false
      return []
    }
  }

  function lookSoon() {
    quietLooks = 0
    void look()
  }
  const onShown = () => !document.hidden && lookSoon()

  return {
    rows,
    user,
    intakeOpen,
    loaded,
    failure,
    query,
    page: computed(() => cursors.value.length),
    hasNext: computed(() => nextCursor.value !== null),
    lookSoon,
    search(text: string) {
      query.value = text
      cursors.value = [null]
      lookSoon()
    },
    next() {
      if (nextCursor.value === null) return
      cursors.value = [...cursors.value, nextCursor.value]
      lookSoon()
    },
    previous() {
      if (cursors.value.length > 1) cursors.value = cursors.value.slice(0, -1)
      lookSoon()
    },
    open() {
      document.addEventListener('visibilitychange', onShown)
      lookSoon()
      return () => {
        document.removeEventListener('visibilitychange', onShown)
        clearTimeout(timer)
        current.abort()
      }
    },
  }
}
