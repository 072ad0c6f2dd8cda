/** What a process uses while it is under load: read once a second from /proc (Linux) and its /metrics. */
import { readdir, readFile } from 'node:fs/promises'
import { setInterval } from 'node:timers/promises'

export interface Sample {
  /** Seconds since the first sample. */
  at: number
  /** Resident memory. */
  mebibytes: number
  /** CPU-seconds so far. */
  cpuSeconds: number
  /** Open file descriptors. */
  handles: number
}

/** One reading of a process. @throws when it is gone */
async function sampleProcess(pid: number, at: number): Promise<Sample> {
  const [stat, status, handles] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
    readdir(`/proc/${pid}/fd`),
  ])
  // proc(5): utime and stime are fields 14 and 15, in ticks of 1/100 s; the name before them may hold spaces.
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number) as [number, number]
  return {
    at,
    mebibytes: Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024,
    cpuSeconds: (user + system) / 100,
    handles: handles.length,
  }
}

/** Samples a process every second until the signal; a process that is down for a moment leaves a gap. */
export async function watchProcess(pid: () => number, signal: AbortSignal): Promise<Sample[]> {
  const begun = performance.now()
  const samples: Sample[] = []
  try {
    for await (const _ of setInterval(1000, undefined, { signal })) {
      const sample = await sampleProcess(pid(), (performance.now() - begun) / 1000).catch(() => undefined)
      if (sample) samples.push(sample)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return samples
}
