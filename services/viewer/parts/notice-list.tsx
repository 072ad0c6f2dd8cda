import { IconButton } from './button.tsx'
import type { Notices } from './notices.ts'

/** Few reasons are read at once; of many the list is opened. */
const SHOWN_AT_ONCE = 5

export function NoticeList({ notices }: { notices: Notices }) {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.list.value.map(notice => (
        <div class="notice" key={notice.id}>
          <div>
            <p>{notice.text}</p>
            {notice.details?.length ? (
              <details open={notice.details.length <= SHOWN_AT_ONCE}>
                <summary>Not taken over: {notice.details.length}</summary>
                <ul>
                  {notice.details.map(detail => (
                    <li key={detail}>{detail}</li>
                  ))}
                </ul>
              </details>
            ) : null}
          </div>
          <IconButton icon="close" label="Close this message" onClick={() => notices.close(notice.id)} />
        </div>
      ))}
    </div>
  )
}
