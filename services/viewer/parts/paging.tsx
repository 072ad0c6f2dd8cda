interface PagingProps {
  /** Cursors of the pages seen so far; the last one is shown. */
  cursors: readonly (string | null)[]
  next: string | null
  onChange(cursors: readonly (string | null)[]): void
}

export function Paging({ cursors, next, onChange }: PagingProps) {
  if (cursors.length === 1 && next === null) return null
  return (
    <nav class="paging" aria-label="Pages">
      <button type="button" disabled={cursors.length === 1} onClick={() => onChange(cursors.slice(0, -1))}>
        Newer
      </button>
      <span>Page {cursors.length}</span>
      <button type="button" disabled={next === null} onClick={() => onChange([...cursors, next])}>
        Older
      </button>
    </nav>
  )
}
