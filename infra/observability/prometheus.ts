/** A real Prometheus, where there is one: the last word on whether a query works. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findProgram, startServer, type TestServer } from '@coverslip/platform/testing/process.ts'

export const prometheusProgram = findProgram('prometheus')

export interface Prometheus {
  /** How many series a query finds now. @throws Error with what Prometheus says of a query that it refuses */
  count(query: string): Promise<number>
  stop(): Promise<void>
}

/** Scrapes `metricsUrl` every second as the job `coverslip`, with the labels that the chart's PodMonitor adds. */
export async function startPrometheus(metricsUrl: string): Promise<Prometheus> {
  const { host, pathname } = new URL(metricsUrl)
  const target = { targets: [host], labels: { namespace: 'coverslip', pod: 'all', app_kubernetes_io_component: 'all' } }
  const scrape = { job_name: 'coverslip', metrics_path: pathname, static_configs: [target] }
  const config = { global: { scrape_interval: '1s' }, scrape_configs: [scrape] }
  const server: TestServer = await startServer({
    title: 'Prometheus',
    url: port => `http://127.0.0.1:${port}`,
    // YAML takes JSON.
    prepare: folder => writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config)),
    command: (port, folder) => ({
      file: prometheusProgram!,
      args: [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
    }),
    async probe(port) {
      const { ok } = await fetch(`http://127.0.0.1:${port}/-/ready`)
      if (!ok) throw new Error('not ready')
    },
    signal: 'SIGTERM',
  })
  return {
    async count(query) {
      const answer = await fetch(`${server.url}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query }) })
      const { data, error } = (await answer.json()) as { data?: { result: unknown[] }; error?: string }
      if (!data) throw new Error(`${error}: ${query}`)
      return data.result.length
    },
    stop: () => server.stop(),
  }
}
