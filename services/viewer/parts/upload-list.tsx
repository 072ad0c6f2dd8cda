import type { SlideUpload, Uploads } from '../intake/uploads.ts'
import { bytesText } from '../slide/units.ts'
import { IconButton } from './button.tsx'
import { Progress } from './progress.tsx'

const DONE = new Set<SlideUpload['state']>(['done', 'cancelled'])

/** Uploads that are not through yet; the list below shows the slide from then on. */
export function UploadList({ uploads }: { uploads: Uploads }) {
  const open = uploads.list.value.filter(upload => !DONE.has(upload.state))
  if (open.length === 0) return null
  return (
    <ul class="uploads" aria-label="Uploads">
      {open.map(upload => (
        <li key={upload.key}>
          <div class="grow">
            <b>{upload.name}</b>
            {upload.state === 'failed' ? (
              <p class="reason">{upload.reason}</p>
            ) : (
              <Progress
                label={
                  upload.state === 'waiting'
                    ? 'Waiting'
                    : `Uploading, ${bytesText(upload.sent)} of ${bytesText(upload.total)}`
                }
                value={upload.total ? upload.sent / upload.total : 0}
              />
            )}
          </div>
          {upload.state === 'failed' ? (
            <button type="button" onClick={() => uploads.retry(upload.key)}>
              Try again
            </button>
          ) : null}
          <IconButton
            icon="close"
            label={`Cancel the upload of ${upload.name}`}
            onClick={() => void uploads.cancel(upload.key)}
          />
        </li>
      ))}
    </ul>
  )
}
