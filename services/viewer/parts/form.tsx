import type { ComponentChildren } from 'preact'
import { Failure } from './answered.tsx'

interface FormProps {
  /** Where no heading of a dialog names it. */
  label?: string
  class?: string
  busy: boolean
  /** Why it was not done; empty: nothing went wrong. */
  failure: string
  /** What the button says that sends it. */
  send: string
  /** It cannot be undone. */
  danger?: boolean
  disabled?: boolean
  onSend(): unknown
  /** What the button says that closes it. */
  close?: string
  /** Without it, the form stays where it is. */
  onClose?(): void
  children: ComponentChildren
}

/** Fields, why what was sent was not done, and the buttons. */
export function Form(props: FormProps) {
  const { busy, disabled = false, danger, close = 'Cancel', onSend, onClose } = props
  return (
    <form
      class={props.class ?? 'stacked'}
      aria-label={props.label}
      onSubmit={event => {
        event.preventDefault()
        if (!busy && !disabled) onSend()
      }}
    >
      {props.children}
      <Failure of={props.failure} />
      <div class="buttons">
        <button type="submit" class={danger ? 'danger' : 'primary'} disabled={busy || disabled}>
          {props.send}
        </button>
        {onClose ? (
          <button type="button" onClick={onClose}>
            {close}
          </button>
        ) : null}
      </div>
    </form>
  )
}
