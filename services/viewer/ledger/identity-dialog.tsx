import type { Identity } from '../ledger/remote.ts'
import { Dialog } from '../parts/dialog.tsx'

/** The answer of a look-up. It is on this screen only: kept nowhere in the browser, and gone when it is closed. */
export function IdentityDialog({ of, onClose }: { of: Identity | 'nobody'; onClose(): void }) {
  return (
    <Dialog title={of === 'nobody' ? 'Nobody' : `Behind ${of.pseudonym}`} onClose={onClose} wide>
      {of === 'nobody' ? (
        <p>Nobody of this name is known here, or what was known has been forgotten.</p>
      ) : (
        <>
          <p>
            {of.names.length > 0 ? (
              <b>{of.names.join(' · ')}</b>
            ) : (
              'No manifest has named this subject, or their name has been forgotten.'
            )}
          </p>
          <div class="table-scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">Slide</th>
                  <th scope="col">File</th>
                  <th scope="col">Case, specimen, block, glass</th>
                  <th scope="col">Collected</th>
                </tr>
              </thead>
              <tbody>
                {of.slides.map(slide => (
                  <tr key={slide.id}>
                    <th scope="row">{slide.name ?? slide.id}</th>
                    <td>{slide.file ?? '–'}</td>
                    <td>
                      {[slide.case, slide.specimen, slide.block, slide.glass].map(part => part ?? '–').join(' › ')}
                    </td>
                    <td>{slide.collected ?? '–'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
      <p class="hint">That you looked is in the audit.</p>
    </Dialog>
  )
}
