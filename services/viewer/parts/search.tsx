import { useEffect, useState } from 'preact/hooks'
import { Icons } from './icons.tsx'

/** Milliseconds without a further letter until it is searched for. */
const DELAY = 250

interface SearchProps {
  label: string
  maxLength: number
  /** What is searched for now. */
  searched: string
  onSearch(text: string): void
}

/** A field that searches for what is typed, a moment after the last letter. */
export function Search({ label, maxLength, searched, onSearch }: SearchProps) {
  const [text, setText] = useState('')
  useEffect(() => {
    if (text.trim() === searched) return
    const timer = setTimeout(() => onSearch(text.trim()), DELAY)
    return () => clearTimeout(timer)
  }, [text])
  return (
    <label class="search">
      <Icons.search />
      <input
        type="search"
        placeholder={label}
        aria-label={label}
        maxLength={maxLength}
        value={text}
        onInput={event => setText(event.currentTarget.value)}
      />
    </label>
  )
}
