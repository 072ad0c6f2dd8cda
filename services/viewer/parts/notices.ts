/** Short messages that go away by themselves, or stay until they are answered. */
import { signal } from '@preact/signals'

export interface Notice {
  id: number
  text: string
  details?: readonly string[]
}
const SHOWN_FOR = 8000

export type Notices = ReturnType<typeof newNotices>
export function newNotices() {
  const list = signal<readonly Notice[]>([])
  let last = 0
  const close = (id: number) => {
    list.value = list.value.filter(notice => notice.id !== id)
  }
  return {
    list,
    close,
    /** With details it stays until closed, so that they can be read. */
    show(text: string, details: readonly string[] = [], shownFor = SHOWN_FOR) {
      if (list.value.some(notice => notice.text === text && details.length === 0)) return
      const id = ++last
      list.value = [...list.value, { id, text, details }].slice(-4)
      if (details.length === 0) setTimeout(() => close(id), shownFor)
    },
  }
}
