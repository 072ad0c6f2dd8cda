/** What it all runs on. */
import type { Dashboard } from '../grafana.ts'
import { perHour, quantiles, rate, where } from './queries.ts'

export const servers: Dashboard = {
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
      title: 'Between services and sites',
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
        {
          title: 'Kinds of events that wait for the other site',
          says: 'Above 0 while the two sites are apart; what waits crosses in order afterwards.',
          unit: 'short',
          queries: [{ expr: `max by (job) (coverslip_link_waiting${where()})`, legend: '{{job}}' }],
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
