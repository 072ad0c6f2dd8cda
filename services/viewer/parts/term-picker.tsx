import { useState } from 'preact/hooks'
import type { Term } from '../annotations/model.ts'
import type { SlideState } from '../slide/state.ts'
import { cssColor, freeColor, fromHex, hexColor, writeTerms } from '../slide/terms.ts'
import { IconButton } from './button.tsx'

interface TermPickerProps {
  state: SlideState
  current: Term | null
  onChoose(term: Term | null): void
}

/** The terms with their colours and keys; a new one is added in place. */
export function TermPicker({ state, current, onChoose }: TermPickerProps) {
  const [adding, setAdding] = useState(false)
  const terms = state.terms.value
  return (
    <div class="terms">
      <div class="chips" role="radiogroup" aria-label="Term">
        <TermChip name="No term" color="transparent" chosen={current === null} onClick={() => onChoose(null)} />
        {terms.map((term, index) => (
          <TermChip
            key={term.name}
            name={term.name}
            color={cssColor(term.color)}
            chosen={current?.name === term.name}
            title={index < 9 ? `${term.name} (Alt+${index + 1})` : term.name}
            onClick={() => onChoose(term)}
          />
        ))}
        <IconButton
          icon={adding ? 'close' : 'plus'}
          label={adding ? 'No new term' : 'New term'}
          onClick={() => setAdding(!adding)}
        />
      </div>
      {adding ? (
        <NewTerm
          terms={terms}
          onAdd={term => {
            state.ownTerms.value = [...state.ownTerms.value.filter(other => other.name !== term.name), term]
            writeTerms(localStorage, state.ownTerms.value)
            setAdding(false)
            onChoose(term)
          }}
        />
      ) : null}
    </div>
  )
}

interface TermChipProps {
  name: string
  color: string
  chosen: boolean
  title?: string
  onClick(): void
}
function TermChip({ name, color, chosen, title, onClick }: TermChipProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a button answers to one click where a native radio would also take the arrow keys from the slide
    <button type="button" class="chip" role="radio" aria-checked={chosen} title={title ?? name} onClick={onClick}>
      <i style={{ background: color }} />
      {name}
    </button>
  )
}

function NewTerm({ terms, onAdd }: { terms: readonly Term[]; onAdd(term: Term): void }) {
  const [name, setName] = useState('')
  const [color, setColor] = useState(hexColor(freeColor(terms)))
  return (
    <form
      class="inline"
      onSubmit={event => {
        event.preventDefault()
        if (name.trim()) onAdd({ name: name.trim(), color: fromHex(color) })
      }}
    >
      <input type="color" aria-label="Colour" value={color} onInput={event => setColor(event.currentTarget.value)} />
      <input
        aria-label="Name of the term"
        placeholder="Name of the term"
        maxLength={100}
        value={name}
        ref={focused}
        onInput={event => setName(event.currentTarget.value)}
      />
      <button type="submit">Add</button>
    </form>
  )
}

const focused = (input: HTMLInputElement | null) => input?.focus()
