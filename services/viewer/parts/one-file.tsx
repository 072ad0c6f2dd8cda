import type { RefObject } from 'preact'

/** A hidden choice of one file, opened by whoever clicks on `picker`; the same file may be chosen twice in a row. */
export function OneFile(props: {
  picker: RefObject<HTMLInputElement | null>
  label: string
  accept: string
  onFile(file: File): void
}) {
  return (
    <input
      ref={props.picker}
      type="file"
      class="hidden"
      tabIndex={-1}
      aria-label={props.label}
      accept={props.accept}
      onChange={event => {
        const file = event.currentTarget.files?.[0]
        event.currentTarget.value = ''
        if (file) props.onFile(file)
      }}
    />
  )
}
