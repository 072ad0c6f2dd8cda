/** Keys of the open slide. */
import { commandFor, isTyping } from '../tools/keymap.ts'
import type { Page } from './commands.ts'
import { run } from './commands.ts'

/** Listens until the returned function is called. */
export function listenToKeys(page: Page, element: HTMLElement): () => void {
  const { slideMap } = page
  const down = (event: KeyboardEvent) => {
    if (isTyping(event.target)) return
    if (event.key === ' ') return holdSpace(event)
    if (isPressing(event)) return
    const command = commandFor(event)
    if (!command) return
    event.preventDefault()
    run(page, command)
  }
  const holdSpace = (event: KeyboardEvent) => {
    if (isPressing(event)) return
    event.preventDefault()
    slideMap.setPanning(true)
  }
  const up = (event: KeyboardEvent) => event.key === ' ' && slideMap.setPanning(false)
  const release = () => slideMap.setPanning(false)
  // The middle button pans; browsers on Windows would start their own scrolling.
  const middle = (event: MouseEvent) => event.button === 1 && event.preventDefault()
  const stop = new AbortController()
  const { signal } = stop
  window.addEventListener('keydown', down, { signal })
  window.addEventListener('keyup', up, { signal })
  window.addEventListener('blur', release, { signal })
  element.addEventListener('mousedown', middle, { signal })
  return () => stop.abort()
}

/** Space and Enter press the button or link that has the focus. */
const isPressing = (event: KeyboardEvent): boolean =>
  (event.key === ' ' || event.key === 'Enter') &&
  event.target instanceof HTMLElement &&
  event.target.closest('button, a, summary, input') !== null
