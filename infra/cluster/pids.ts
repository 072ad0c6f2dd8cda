/** Processes of pods as this machine sees them, where the nodes are on it. */
import { readdirSync, readFileSync } from 'node:fs'

const found = new Map<string, number>()

/** The first process of a pod's container, by the pod's uid; undefined when it is not on this machine, or over. */
export function mainPid(uid: string): number | undefined {
  const known = found.get(uid)
  if (known !== undefined && isOf(known, uid)) return known
  const pid = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .find(pid => isOf(pid, uid) && isFirst(pid))
  if (pid !== undefined) found.set(uid, pid)
  return pid
}

/** Drivers of cgroups write a uid with hyphens or with underscores. */
function isOf(pid: number, uid: string): boolean {
  const groups = read(`/proc/${pid}/cgroup`)
  return groups.includes(uid) || groups.includes(uid.replaceAll('-', '_'))
}

/** Number one in its own namespace; the container that only holds the pod's namespaces is called pause. */
function isFirst(pid: number): boolean {
  return /^NSpid:.*\s1$/m.test(read(`/proc/${pid}/status`)) && read(`/proc/${pid}/comm`).trim() !== 'pause'
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
