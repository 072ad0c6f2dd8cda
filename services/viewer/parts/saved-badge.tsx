import type { AnnotationSession } from '../annotations/session.ts'

/** Whether everything drawn is at the server, and whether others' changes come in. */
export function SavedBadge({ session }: { session: AnnotationSession }) {
  const unsaved = session.unsavedCount.value
  const away = session.live.value === 'away'
  return (
    <span class="badges" role="status">
      {unsaved > 0 ? (
        <button
          type="button"
          class="badge waiting"
          title="Kept in this browser; press to send now"
          onClick={session.wake}
        >
          {unsaved} unsaved
        </button>
      ) : (
        <span class="badge saved">{session.loaded.value ? 'Saved' : 'Loading…'}</span>
      )}
      {away ? (
        <span class="badge waiting" title="Changes made by others are shown once the connection is back">
          Reconnecting…
        </span>
      ) : null}
    </span>
  )
}
