import type { User } from '@coverslip/proto/api.ts'
import { useState } from 'preact/hooks'
import { Dialog } from '../parts/dialog.tsx'
import { PROJECT_NAME } from '../projects/address.ts'
import { maySteward } from '../rights.ts'

interface ProjectPickerProps {
  /** `Project`, `Upload into`… */
  label: string
  user: User
  projects: readonly string[]
  value: string
  onChange(project: string): void
}

const ANOTHER = '*'

/** One of the projects that are known, or, for whoever is a steward everywhere, one by its name. */
export function ProjectPicker({ label, user, projects, value, onChange }: ProjectPickerProps) {
  const [naming, setNaming] = useState(false)
  const everywhere = maySteward(user, ANOTHER)
  return (
    <>
      <label class="project-picker">
        <span>{label}</span>
        <select
          value={value}
          onChange={event => {
            const { value: chosen } = event.currentTarget
            // The list goes back to the project that is chosen until another one has a name.
            event.currentTarget.value = value
            if (chosen === ANOTHER) setNaming(true)
            else onChange(chosen)
          }}
        >
          {projects.map(project => (
            <option key={project} value={project}>
              {project}
            </option>
          ))}
          {everywhere ? <option value={ANOTHER}>Another project…</option> : null}
        </select>
      </label>
      {naming ? (
        <NameDialog
          onClose={() => setNaming(false)}
          onName={project => {
            setNaming(false)
            onChange(project)
          }}
        />
      ) : null}
    </>
  )
}

function NameDialog({ onName, onClose }: { onName(project: string): void; onClose(): void }) {
  const [name, setName] = useState('')
  return (
    <Dialog title="Another project" onClose={onClose}>
      <form
        onSubmit={event => {
          event.preventDefault()
          onName(name)
        }}
      >
        <p>A project begins when its name is first used: its own rules, pseudonyms and names of slides.</p>
        <label class="row">
          <span>Name</span>
          <input
            required
            pattern={PROJECT_NAME}
            title="Letters, digits, _ and -"
            value={name}
            onInput={event => setName(event.currentTarget.value)}
          />
        </label>
        <div class="buttons">
          <button type="submit" class="primary">
            Go on
          </button>
          <button type="button" onClick={onClose}>
            Back
          </button>
        </div>
      </form>
    </Dialog>
  )
}
