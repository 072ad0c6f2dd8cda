/** What a process takes of its machine, under the names that Prometheus' client libraries and OpenTelemetry use. */
import { performance } from 'node:perf_hooks'
import type { Meter } from '@opentelemetry/api'

export function observeProcess(meter: Meter): void {
  observe(
    meter.createObservableCounter('process_cpu_seconds_total', { description: 'Processor time, user and system' }),
    () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    },
  )
  observe(
    meter.createObservableGauge('process_resident_memory_bytes', { description: 'Memory that the process has in use' }),
    () => process.memoryUsage.rss(),
  )
  observe(
    meter.createObservableGauge('process_start_time_seconds', { description: 'When the process started, Unix time' }),
    () => performance.timeOrigin / 1000,
  )
  let before = performance.eventLoopUtilization()
  observe(
    meter.createObservableGauge('nodejs_eventloop_utilization_ratio', {
      description: 'Share of the time since the last scrape in which the main thread was busy',
    }),
    () => {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, before)
      before = now
      return utilization
    },
  )
}

interface Observable {
  addCallback(read: (result: { observe(value: number): void }) => void): void
}

const observe = (instrument: Observable, read: () => number): void =>
  instrument.addCallback(result => result.observe(read()))
