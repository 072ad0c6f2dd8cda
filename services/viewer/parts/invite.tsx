import type { User } from '@coverslip/proto/api.ts'
import { useState } from 'preact/hooks'
import type { Invitation } from '../api.ts'
import { api, messageOf, signedIn } from '../api.ts'
import { ownedProjects, projectToBeginWith, rememberedProjects } from '../projects/known.ts'
import { Dialog } from './dialog.tsx'
import { Secret } from './secret.tsx'

const ROLES: [Invitation['role'], string][] = [
  ['viewer', 'Viewer: looks at slides and annotations'],
  ['annotator', 'Annotator: also draws'],
  ['steward', 'Steward: also uploads, downloads and deletes'],
  ['owner', 'Owner: everything, invitations included'],
]

export function Invite({ user, onClose }: { user: User; onClose(): void }) {
  const remembered = rememberedProjects(localStorage)
  const projects = ownedProjects(user, remembered)
  const [project, setProject] = useState(() => projectToBeginWith(projects, remembered))
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [role, setRole] = useState<Invitation['role']>('annotator')
  const [result, setResult] = useState<{ link: string; mailed: boolean } | null>(null)
  const [failure, setFailure] = useState('')

  async function send(event: Event) {
    event.preventDefault()
    try {
      setFailure('')
      setResult(await signedIn(api.invite({ email, role, project, ...(name.trim() && { name: name.trim() }) })))
    } catch (error) {
      setFailure(messageOf(error))
    }
  }

  return (
    <Dialog title="Invite somebody" onClose={onClose}>
      {result ? (
        <>
          <p>{result.mailed ? 'The link was mailed. It is also here:' : 'Give this link to them; it works once.'}</p>
          <Secret text={result.link} label="Sign-in link" />
        </>
      ) : (
        <form onSubmit={send}>
          <label class="row">
            <span>E-mail</span>
            <input
              type="email"
              required
              maxLength={200}
              value={email}
              onInput={event => setEmail(event.currentTarget.value)}
            />
          </label>
          <label class="row">
            <span>Name</span>
            <input maxLength={100} value={name} onInput={event => setName(event.currentTarget.value)} />
          </label>
          <label class="row">
            <span>Role</span>
            <select value={role} onChange={event => setRole(event.currentTarget.value as Invitation['role'])}>
              {ROLES.map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          <label class="row">
            <span>Project</span>
            <select value={project} onChange={event => setProject(event.currentTarget.value)}>
              {projects.map(name => (
                <option key={name} value={name}>
                  {name === '*' ? 'Every project' : name}
                </option>
              ))}
            </select>
          </label>
          {failure ? <p class="reason">{failure}</p> : null}
          <div class="buttons">
            <button type="submit" class="primary">
              Invite
            </button>
          </div>
        </form>
      )}
    </Dialog>
  )
}
