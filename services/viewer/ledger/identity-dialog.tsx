import type { Identity } from '../ledger/remote.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Table } from '../parts/table.tsx'

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
          <Table columns={['Slide', 'File', 'Case, specimen, block, glass', 'Collected']}>
            {of.slides.map(slide => (
              <tr key={slide.id}>
                <th scope="row">{slide.name ?? slide.id}</th>
                <td>{slide.file ?? '–'}</td>
                <td>{[slide.case, slide.specimen, slide.block, slide.glass].map(part => part ?? '–').join(' › ')}</td>
                <td>{slide.collected ?? '–'}</td>
              </tr>
            ))}
          </Table>
        </>
      )}
      <p class="hint">That you looked is in the audit.</p>
    </Dialog>
  )
}
