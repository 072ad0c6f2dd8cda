import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

/** For the button that opens a form in its own place: when the form is gone, the keyboard is back where it was. */
export function useReturnFocus(isOpen: boolean): RefObject<HTMLButtonElement | null> {
  const opener = useRef<HTMLButtonElement>(null)
  const was = useRef(isOpen)
  useEffect(() => {
    if (was.current && !isOpen) opener.current?.focus()
    was.current = isOpen
  }, [isOpen])
  return opener
}
