/** Slides that reviewers are looking at stay open for a moment, in memory only; then whatever was fetched is removed. */
import type { SlidePictures } from './slide-pictures.ts'

/** A reviewer zooms and pans, then goes on to the next slide. */
const IDLE_MS = 30_000
const MAX_OPEN = 6

interface Opened {
  slide: Promise<SlidePictures>
  users: number
  timer: NodeJS.Timeout | undefined
}

export interface Shelf {
  /** Works with a slide, which is opened unless it is open already. */
  use<Result>(
    key: string,
    open: () => Promise<SlidePictures>,
    work: (slide: SlidePictures) => Promise<Result>,
  ): Promise<Result>
  close(): Promise<void>
}

export function createShelf(): Shelf {
  const shelf = new Map<string, Opened>()
  const remove = async (key: string, opened: Opened): Promise<void> => {
    clearTimeout(opened.timer)
    if (shelf.get(key) === opened) shelf.delete(key)
    await opened.slide.then(
      slide => slide.close(),
      () => {},
    )
  }
  const makeRoom = (): void => {
    // A Map keeps the order of insertion: those used longest ago come first.
    const idle = [...shelf].filter(([, { users }]) => users === 0)
    for (const [key, opened] of idle.slice(0, Math.max(0, shelf.size - MAX_OPEN))) void remove(key, opened)
  }
  return {
    async use(key, open, work) {
      const opened = shelf.get(key) ?? { slide: open(), users: 0, timer: undefined }
      clearTimeout(opened.timer)
      opened.users += 1
      shelf.delete(key)
      shelf.set(key, opened)
      makeRoom()
      try {
        return await work(await opened.slide)
      } catch (error) {
        // Whatever is wrong with it, the next one begins anew.
        if (shelf.get(key) === opened) shelf.delete(key)
        throw error
      } finally {
        opened.users -= 1
        if (opened.users === 0) {
          if (shelf.get(key) !== opened) void remove(key, opened)
          else opened.timer = setTimeout(() => void remove(key, opened), IDLE_MS).unref()
        }
      }
    },
    async close() {
      await Promise.all([...shelf].map(([key, opened]) => remove(key, opened)))
    },
  }
}
