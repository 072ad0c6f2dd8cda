/** Grafana's JSON of a dashboard, from rows of panels. Only what a panel of ours needs; everything else is Grafana's default. */

export interface Query {
  /** PromQL; `$job` is the dashboard's, `$__rate_interval` Grafana's. */
  expr: string
  /** Name of the series: text with `{{label}}`. */
  legend: string
}

export interface Panel {
  title: string
  /** What it tells, and what is well. */
  says: string
  /** Grafana's names of units: `s`, `bytes`, `percentunit`, `short`, `reqps`. */
  unit: 's' | 'bytes' | 'percentunit' | 'short' | 'reqps' | 'cps'
  queries: readonly Query[]
  /** Areas on top of each other, for parts of a whole. */
  stacked?: true
}

export interface Row {
  title: string
  panels: readonly Panel[]
}

export interface Dashboard {
  /** Name of the file, and part of its address in Grafana. */
  name: string
  title: string
  says: string
  rows: readonly Row[]
}

const WIDTH = 24
const HEIGHT = 8
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in
const DATA_SOURCE = { type: 'prometheus', uid: '${datasource}' }

export const queriesOf = ({ rows }: Dashboard): Query[] =>
  rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries))

/** The dashboard as Grafana imports it; the same input gives the same text. */
export function grafanaJson(dashboard: Dashboard): string {
  const { name, title, says, rows } = dashboard
  let id = 0
  let y = 0
  const panels = rows.flatMap(row => {
    const head = { id: ++id, type: 'row', title: row.title, collapsed: false, gridPos: { h: 1, w: WIDTH, x: 0, y } }
    y += 1
    const width = WIDTH / row.panels.length
    const own = row.panels.map((panel, i) => ({
      id: ++id,
      gridPos: { h: HEIGHT, w: width, x: i * width, y },
      ...panelJson(panel),
    }))
    y += HEIGHT
    return [head, ...own]
  })
  const json = {
    uid: `coverslip-${name}`,
    title: `Coverslip: ${title}`,
    description: says,
    tags: ['coverslip'],
    schemaVersion: 39,
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: VARIABLES },
    panels,
  }
  return `${JSON.stringify(json, null, 2)}\n`
}

const VARIABLES = [
  { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' },
  {
    name: 'job',
    label: 'Installation',
    type: 'query',
    datasource: DATA_SOURCE,
    query: { query: 'label_values(coverslip_server_up, job)', refId: 'job' },
    definition: 'label_values(coverslip_server_up, job)',
    refresh: 2,
    multi: true,
    includeAll: true,
    current: { text: 'All', value: '$__all' },
  },
]

function panelJson({ title, says, unit, queries, stacked }: Panel) {
  const custom = stacked ? { fillOpacity: 40, lineWidth: 1, stacking: { mode: 'normal' } } : { lineWidth: 1 }
  return {
    type: 'timeseries',
    title,
    description: says,
    datasource: DATA_SOURCE,
    fieldConfig: { defaults: { unit, min: 0, custom }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: DATA_SOURCE,
      expr,
      legendFormat: legend,
    })),
  }
}
