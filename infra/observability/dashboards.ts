/** What the dashboards show: what readers feel, how slides come in, what it all runs on. */
import type { Dashboard, Query } from './grafana.ts'

const JOB = 'job=~"$job"'
const where = (matchers?: string): string => `{${[JOB, matchers].filter(Boolean).join(',')}}`
const rate = (metric: string, matchers?: string): string => `rate(${metric}${where(matchers)}[$__rate_interval])`
const perHour = (metric: string, matchers?: string): string => `increase(${metric}${where(matchers)}[1h])`

/** Two quantiles of a histogram, by a label. */
const quantiles = (metric: string, by: string, matchers?: string): Query[] =>
  [0.5, 0.95].map(q => ({
    expr: `histogram_quantile(${q}, sum by (le, ${by}) (${rate(`${metric}_bucket`, matchers)}))`,
    legend: `${q === 0.5 ? 'half' : '95 of 100'} {{${by}}}`,
  }))

const consumer = '{{coverslip_service}} {{messaging_destination_name}}'
const BY_CONSUMER = 'coverslip_service, messaging_destination_name'

const readers: Dashboard = {
  name: 'readers',
  title: 'readers',
  says: 'What people at the viewer feel, told by their browsers, and where tiles come from.',
  rows: [
    {
      title: 'At the screen',
      panels: [
        {
          title: 'First view',
          says: 'From asking for a slide to its first complete screen. From originals, before the pyramid is there, it takes longer.',
          unit: 's',
          queries: quantiles(
            'coverslip_viewer_first_view_seconds',
            'coverslip_rendition',
            'coverslip_outcome="complete"',
          ),
        },
        {
          title: 'Screen complete',
          says: 'From the rest of the view to a screen without a hole.',
          unit: 's',
          queries: quantiles(
            'coverslip_viewer_viewport_seconds',
            'coverslip_rendition',
            'coverslip_outcome="complete"',
          ),
        },
        {
          title: 'Moved on before it was complete',
          says: 'Share of screens that somebody left. It rises before anybody complains.',
          unit: 'percentunit',
          queries: [
            {
              expr: `sum(${rate('coverslip_viewer_viewport_seconds_count', 'coverslip_outcome="left"')}) / sum(${rate('coverslip_viewer_viewport_seconds_count')})`,
              legend: 'screens',
            },
            {
              expr: `sum(${rate('coverslip_viewer_first_view_seconds_count', 'coverslip_outcome="left"')}) / sum(${rate('coverslip_viewer_first_view_seconds_count')})`,
              legend: 'first views',
            },
          ],
        },
      ],
    },
    {
      title: 'Tiles',
      panels: [
        {
          title: 'Tiles by where they came from',
          says: 'memory and page: this process; shared: Redis; joined: somebody else had asked; loaded: read or rendered.',
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr: `sum by (coverslip_cache) (${rate('coverslip_tile_seconds_count')})`,
              legend: '{{coverslip_cache}}',
            },
          ],
        },
        {
          title: 'Time to answer a tile',
          says: 'In the server. Memory takes microseconds, what is loaded some milliseconds.',
          unit: 's',
          queries: quantiles('coverslip_tile_seconds', 'coverslip_cache'),
        },
        {
          title: 'Pictures that wait to be rendered',
          says: 'Above TILES_DECODES they wait; beyond TILES_DECODE_QUEUE they are refused.',
          unit: 'short',
          queries: [
            { expr: `max by (pod, instance) (coverslip_pictures_waiting${where()})`, legend: '{{pod}} {{instance}}' },
          ],
        },
      ],
    },
    {
      title: 'Answers',
      panels: [
        {
          title: 'Answers by status',
          says: 'Of everything but tiles from memory. 5xx is ours; 429 and 503 are full queues.',
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr: `sum by (http_response_status_code) (${rate('coverslip_http_seconds_count')})`,
              legend: '{{http_response_status_code}}',
            },
          ],
        },
        {
          title: 'Slowest routes',
          says: '95 of 100 answers of a route are quicker. Uploads and live updates last as long as their clients want.',
          unit: 's',
          queries: [
            {
              expr: `topk(5, histogram_quantile(0.95, sum by (le, http_route) (${rate('coverslip_http_seconds_bucket', 'http_route!~"/api/intake/uploads.*|.*/live"')})))`,
              legend: '{{http_route}}',
            },
          ],
        },
        {
          title: 'Slides open',
          says: 'Whose index a process has at hand, and how often one was read anew.',
          unit: 'short',
          queries: [
            { expr: `sum(coverslip_slides_open${where()})`, legend: 'open' },
            { expr: `sum(${perHour('coverslip_slides_opened_total')})`, legend: 'opened in an hour' },
          ],
        },
      ],
    },
    {
      title: 'Below the tiles',
      panels: [
        {
          title: 'Tiles in memory',
          says: 'At most TILES_MEMORY for each process.',
          unit: 'bytes',
          queries: [
            { expr: `max by (pod, instance) (coverslip_tiles_memory_bytes${where()})`, legend: '{{pod}} {{instance}}' },
          ],
        },
        {
          title: 'Reads of pyramids by store',
          says: 'From the stage near the readers, or from the store of pyramids.',
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr: `sum by (coverslip_cache) (${rate('coverslip_stage_reads_total')})`,
              legend: '{{coverslip_cache}}',
            },
          ],
        },
      ],
    },
  ],
}

const slides: Dashboard = {
  name: 'slides',
  title: "slides' way",
  says: 'From the first byte of a source to a slide that can be viewed: how long each state takes, what stops slides.',
  rows: [
    {
      title: 'Through',
      panels: [
        {
          title: 'Slides that came to their end, in an hour',
          says: 'ready: can be viewed; quarantined: the proof of de-identification failed; rejected: by a reviewer.',
          unit: 'short',
          stacked: true,
          queries: [
            {
              expr: `sum by (coverslip_outcome) (${perHour('coverslip_slide_seconds_count')})`,
              legend: '{{coverslip_outcome}}',
            },
          ],
        },
        {
          title: 'The whole way',
          says: 'From the first byte to the end, time for people included.',
          unit: 's',
          queries: quantiles('coverslip_slide_seconds', 'coverslip_outcome'),
        },
        {
          title: 'Time in each state',
          says: 'uploading and receiving: intake; received: waits for de-identification; held and review: waits for people.',
          unit: 's',
          queries: quantiles('coverslip_slide_stage_seconds', 'coverslip_stage'),
        },
      ],
    },
    {
      title: 'What stops them',
      panels: [
        {
          title: 'Slides that stopped, in an hour',
          says: 'By the state they were in and the code of the reason.',
          unit: 'short',
          stacked: true,
          queries: [
            {
              expr: `sum by (coverslip_stage, error_type) (${perHour('coverslip_slides_failed_total')})`,
              legend: '{{coverslip_stage}}: {{error_type}}',
            },
          ],
        },
        {
          title: 'Upload requests that failed, in an hour',
          says: 'interrupted: the client left, and resumes; storage-full, too-many and unavailable are ours.',
          unit: 'short',
          stacked: true,
          queries: [
            { expr: `sum by (error_type) (${perHour('coverslip_upload_failures_total')})`, legend: '{{error_type}}' },
          ],
        },
      ],
    },
    {
      title: 'Queues',
      panels: [
        {
          title: 'Events that wait',
          says: 'For each consumer, those in work included.',
          unit: 'short',
          queries: [{ expr: `max by (${BY_CONSUMER}) (coverslip_events_waiting${where()}) > 0`, legend: consumer }],
        },
        {
          title: 'Age of the oldest',
          says: 'Seconds for news, hours for work (slides.received, pyramid.part_wanted) while many slides come in.',
          unit: 's',
          queries: [
            { expr: `max by (${BY_CONSUMER}) (coverslip_events_oldest_seconds${where()}) > 0`, legend: consumer },
          ],
        },
        {
          title: 'Time to handle an event',
          says: '95 of 100 take less. A part of a pyramid is some seconds, de-identification as long as the slide is large.',
          unit: 's',
          queries: [
            {
              expr: `histogram_quantile(0.95, sum by (le, ${BY_CONSUMER}) (${rate('coverslip_event_seconds_bucket', 'coverslip_outcome="done"')}))`,
              legend: consumer,
            },
          ],
        },
      ],
    },
    {
      title: 'Work',
      panels: [
        {
          title: 'Events by how they ended',
          says: 'retry: comes again; failed: the slide stops, or somebody has to look.',
          unit: 'cps',
          stacked: true,
          queries: [
            {
              expr: `sum by (coverslip_outcome) (${rate('coverslip_event_seconds_count')})`,
              legend: '{{coverslip_outcome}}',
            },
          ],
        },
        {
          title: 'Parts of pyramids built',
          says: 'By all workers together.',
          unit: 'cps',
          queries: [
            {
              expr: `sum(${rate('coverslip_event_seconds_count', 'messaging_destination_name="pyramid.part_wanted",coverslip_outcome="done"')})`,
              legend: 'parts',
            },
          ],
        },
        {
          title: 'Events put aside, in an hour',
          says: 'They are kept in the stream DEAD, or the table bus.dead.',
          unit: 'short',
          stacked: true,
          queries: [
            {
              expr: `sum by (${BY_CONSUMER}, error_type) (${perHour('coverslip_events_dead_total')}) > 0`,
              legend: `${consumer}: {{error_type}}`,
            },
          ],
        },
      ],
    },
  ],
}

const servers: Dashboard = {
  name: 'servers',
  title: 'servers and processes',
  says: 'What the services run on: database, bus, cache, stores, and their own processes.',
  rows: [
    {
      title: 'Servers',
      panels: [
        {
          title: 'Share of processes that a server answers',
          says: 'Less than all is a network between them, none is the server. Cache and stage may be away: viewing becomes slower.',
          unit: 'percentunit',
          queries: [
            { expr: `avg by (coverslip_server) (coverslip_server_up${where()})`, legend: '{{coverslip_server}}' },
          ],
        },
        {
          title: 'Oldest event in each outbox',
          says: 'Seconds. It rises while NATS is away or full; nothing is lost.',
          unit: 's',
          queries: [
            {
              expr: `max by (coverslip_service) (coverslip_outbox_oldest_seconds${where()})`,
              legend: '{{coverslip_service}}',
            },
          ],
        },
        {
          title: 'Events in each outbox',
          says: 'Saved with the state they tell of, not yet on the bus.',
          unit: 'short',
          queries: [
            { expr: `max by (coverslip_service) (coverslip_outbox_events${where()})`, legend: '{{coverslip_service}}' },
          ],
        },
      ],
    },
    {
      title: 'gRPC',
      panels: [
        {
          title: 'Time to answer a call',
          says: '95 of 100 are quicker, by service.',
          unit: 's',
          queries: quantiles('coverslip_rpc_seconds', 'rpc_service'),
        },
        {
          title: 'Calls by status',
          says: "gRPC's codes: 0 is well, 5 not found, 7 forbidden, 13 ours, 14 away.",
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr: `sum by (rpc_grpc_status_code) (${rate('coverslip_rpc_seconds_count')})`,
              legend: '{{rpc_grpc_status_code}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Processes',
      panels: [
        {
          title: 'Processes that answer',
          says: 'By component, of those that Prometheus knows.',
          unit: 'short',
          queries: [
            { expr: `sum by (app_kubernetes_io_component) (up${where()})`, legend: '{{app_kubernetes_io_component}}' },
          ],
        },
        {
          title: 'Processor time',
          says: 'Cores. A service near its limit waits.',
          unit: 'short',
          queries: [
            { expr: `sum by (pod, instance) (${rate('process_cpu_seconds_total')})`, legend: '{{pod}} {{instance}}' },
          ],
        },
        {
          title: 'Memory',
          says: 'Resident. It should be flat after the first hour of load.',
          unit: 'bytes',
          queries: [
            {
              expr: `sum by (pod, instance) (process_resident_memory_bytes${where()})`,
              legend: '{{pod}} {{instance}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Inside the processes',
      panels: [
        {
          title: 'Main thread busy',
          says: 'At 100 % everything that the process does waits for it.',
          unit: 'percentunit',
          queries: [
            {
              expr: `max by (pod, instance) (nodejs_eventloop_utilization_ratio${where()})`,
              legend: '{{pod}} {{instance}}',
            },
          ],
        },
        {
          title: 'Starts in an hour',
          says: 'None, but for an upgrade or a node that went.',
          unit: 'short',
          queries: [
            {
              expr: `sum by (app_kubernetes_io_component) (changes(process_start_time_seconds${where()}[1h]))`,
              legend: '{{app_kubernetes_io_component}}',
            },
          ],
        },
        {
          title: 'Copies on the stage, in an hour',
          says: 'Pyramids copied near the readers, removed for room, or not copied.',
          unit: 'short',
          stacked: true,
          queries: [
            {
              expr: `sum by (coverslip_step) (${perHour('coverslip_stage_copies_total')})`,
              legend: '{{coverslip_step}}',
            },
          ],
        },
      ],
    },
  ],
}

export const dashboards: readonly Dashboard[] = [readers, slides, servers]
