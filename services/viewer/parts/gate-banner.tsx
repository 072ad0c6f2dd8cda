import type { Gate } from '@coverslip/proto/api/reviews.ts'
import type { User } from '@coverslip/proto/api.ts'
import { Fragment } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { projectPath } from '../projects/address.ts'
import { reviews } from '../review/remote.ts'
import { maySteward } from '../rights.ts'

const LOOK_EVERY = 10_000

interface GateBannerProps {
  user: User
  /** Where slides may be waiting, or going through unseen. */
  projects: readonly string[]
}

/** Says where slides are released without a person looking at them, and how many wait for one. */
export function GateBanner({ user, projects }: GateBannerProps) {
  const [gates, setGates] = useState<readonly { project: string; gate: Gate }[]>([])
  const [waiting, setWaiting] = useState(0)
  const named = projects.join(' ')
  useEffect(() => {
    const look = () => {
      if (document.hidden) return
      // Where there is no on-prem site, or it is away, there is nothing to say.
      const all = projects.map(project => reviews.gate(project).then(gate => ({ project, gate })))
      Promise.allSettled(all).then(found =>
        setGates(found.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))),
      )
      if (maySteward(user)) reviews.waiting().then(setWaiting, () => setWaiting(0))
    }
    look()
    const timer = setInterval(look, LOOK_EVERY)
    return () => clearInterval(timer)
  }, [user, named])
  const open = gates.filter(({ gate }) => !gate.on).map(({ project }) => project)
  return (
    <>
      {open.length > 0 ? (
        <p class="banner open-gate">
          Slides of the project{open.length === 1 ? '' : 's'} {open.map(project => `“${project}”`).join(', ')} are
          released without a person looking at them. Before you take in slides of patients, switch the review on:{' '}
          {open.map((project, index) => (
            <Fragment key={project}>
              {index > 0 ? ', ' : ''}
              <a href={projectPath(project, 'gate')}>{project}</a>
            </Fragment>
          ))}
          .
        </p>
      ) : null}
      {waiting > 0 ? (
        <p class="banner to-review">
          <a href="/review">
            {waiting} slide{waiting === 1 ? ' waits' : 's wait'} for review
          </a>
        </p>
      ) : null}
    </>
  )
}
