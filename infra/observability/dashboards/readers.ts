/** What people at the viewer feel. */
import type { Dashboard } from '../grafana.ts'
import { perHour, quantiles, rate, where } from './queries.ts'

export const readers: Dashboard = {
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
