import type { AnnotationSession, Conflict } from '../annotations/session.ts'

/** Changes that came too late: the other person's counts, mine is offered once more. */
export function Conflicts({ session }: { session: AnnotationSession }) {
  return (
    <div class="conflicts" role="alert">
      {session.conflicts.value.map(conflict => (
        <div class="notice conflict" key={conflict.id}>
          <p>{question(conflict)}</p>
          <div class="buttons">
            <button type="button" onClick={() => session.settle(conflict, 'theirs')}>
              Keep theirs
            </button>
            <button type="button" onClick={() => session.settle(conflict, 'mine')}>
              {conflict.mine ? 'Use mine' : 'Delete anyway'}
            </button>
          </div>
        </div>
      ))}
    </div>
  )
}

function question({ mine, theirs }: Conflict): string {
  if (!theirs) return 'This annotation was deleted by someone else while you changed it.'
  if (!mine) return 'This annotation was changed by someone else before you deleted it.'
  return 'This annotation was changed by someone else at the same time. Their version is shown.'
}
