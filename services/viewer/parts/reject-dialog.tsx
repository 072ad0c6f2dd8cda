import { useState } from 'preact/hooks'
import { Dialog } from './dialog.tsx'

const REASONS = ['Text or a name is visible', 'Ink or a sticker is on the tissue', 'The wrong slide', 'Not of use']

/** Why a slide is turned down. Digits choose, Enter rejects. */
export function RejectDialog({ onReject, onClose }: { onReject(reason: string): void; onClose(): void }) {
  const [reason, setReason] = useState(REASONS[0]!)
  const [other, setOther] = useState('')
  return (
    <Dialog title="Reject this slide?" onClose={onClose}>
      <form
        class="reject"
        onSubmit={event => {
          event.preventDefault()
          onReject(other.trim() || reason)
        }}
        onKeyDown={event => {
          const chosen =
            event.target instanceof HTMLInputElement && event.target.type === 'text'
              ? undefined
              : REASONS[Number(event.key) - 1]
          if (chosen) setReason(chosen)
        }}
      >
        <p>It stays on-prem with its source; nobody else ever sees it.</p>
        {REASONS.map((one, index) => (
          <label key={one} class="inline">
            <input type="radio" name="reason" checked={reason === one && !other} onChange={() => setReason(one)} />
            <kbd>{index + 1}</kbd> {one}
          </label>
        ))}
        <input
          type="text"
          aria-label="Another reason"
          placeholder="Another reason, without names or numbers of patients"
          maxLength={500}
          value={other}
          onInput={event => setOther(event.currentTarget.value)}
        />
        <div class="buttons">
          {/* biome-ignore lint/a11y/noAutofocus: Enter confirms without the mouse */}
          <button type="submit" class="danger" autoFocus>
            Reject
          </button>
          <button type="button" onClick={onClose}>
            Back
          </button>
        </div>
      </form>
    </Dialog>
  )
}
