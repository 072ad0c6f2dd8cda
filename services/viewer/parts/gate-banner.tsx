import type { Gate } from '@coverslip/proto/api/reviews.ts'
import type { User } from '@coverslip/proto/api.ts'
import { useEffect, useState } from 'preact/hooks'
import { reviews } from '../review/remote.ts'

const LOOK_EVERY = 10_000

/** The projects that a person's own roles name; a role everywhere stands for the project that slides go to by default. */
const projectsOf = (user: User): string[] => [
  ...new Set(Object.keys(user.roles).map(project => (project === '*' ? 'default' : project))),
]

/** Says where slides are released without a person looking at them, and how many wait for one. */
export function GateBanner({ user }: { user: User }) {
  const [gates, setGates] = useState<readonly { project: string; gate: Gate }[]>([])
  useEffect(() => {
    const look = () => {
      if (document.hidden) return
      // Where there is no on-prem site, or it is away, there is nothing to say.
      const all = projectsOf(user).map(project => reviews.gate(project).then(gate => ({ project, gate })))
      Promise.allSettled(all).then(found =>
        setGates(found.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))),
      )
    }
    look()
    const timer = setInterval(look, LOOK_EVERY)
    return () => clearInterval(timer)
  }, [user])
  const waiting = gates.reduce((sum, { gate }) => sum + gate.waiting, 0)
  const open = gates.filter(({ gate }) => !gate.on).map(({ project }) => project)
  return (
    <>
      {open.length > 0 ? (
        <p class="banner open-gate">
          The review gate is off ({open.join(', ')}): slides are released without a person looking at them. Do not use
          this with slides of patients.
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
