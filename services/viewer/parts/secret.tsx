import { useRef, useState } from 'preact/hooks'

/** Text to copy. Where the browser keeps its clipboard closed (plain http), it is selected instead. */
export function Secret({ text, label }: { text: string; label: string }) {
  const field = useRef<HTMLInputElement>(null)
  const [copied, setCopied] = useState(false)
  async function copy() {
    field.current?.select()
    await navigator.clipboard?.writeText(text)
    setCopied(Boolean(navigator.clipboard))
  }
  return (
    <div class="inline secret">
      <input ref={field} readOnly aria-label={label} value={text} onFocus={event => event.currentTarget.select()} />
      <button type="button" onClick={() => void copy().catch(() => {})}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  )
}
