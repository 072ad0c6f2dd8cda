/** CPU time of this process, threads included, shared among the jobs that ran at the same time. */

export interface CpuMeter {
  /** Begins a job; the result ends it and gives its CPU-seconds. */
  begin(): () => number
}

/** @param read CPU-seconds of the process so far */
export function createCpuMeter(read = processSeconds): CpuMeter {
  const jobs = new Set<{ seconds: number }>()
  let last = read()
  const settle = () => {
    const now = read()
    for (const job of jobs) job.seconds += (now - last) / jobs.size
    last = now
  }
  return {
    begin() {
      settle()
      const job = { seconds: 0 }
      jobs.add(job)
      return () => {
        settle()
        jobs.delete(job)
        return job.seconds
      }
    },
  }
}

function processSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
