/** Slides on their way in. */
import type { Dashboard } from '../grafana.ts'
import { BY_CONSUMER, consumer, perHour, quantiles, rate, where } from './queries.ts'

export const slides: Dashboard = {
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
