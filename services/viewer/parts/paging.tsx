interface PagingProps {
  /** Cursors of the pages seen so far; the last one is shown. */
  cursors: readonly (string | null)[]
  next: string | null
  onChange(cursors: readonly (string | null)[]): void
  /** To the page before and to the next one; lists are newest first unless told. */
  words?: readonly [string, string]
}

export function Paging({ cursors, next, onChange, words = ['Newer', 'Older'] }: PagingProps) {
  if (cursors.length === 1 && next === null) return null
  return (
    <nav class="paging" aria-label="Pages">
      <button type="button" disabled={cursors.length === 1} onClick={() => onChange(cursors.slice(0, -1))}>
        {words[0]}
      </button>
      <span>Page {cursors.length}</span>
      <button type="button" disabled={next === null} onClick={() => onChange([...cursors, next])}>
        {words[1]}
      </button>
    </nav>
  )
}
