/** What the chart delivers: what readers feel, how slides come in, what it all runs on. */
import { readers } from './dashboards/readers.ts'
import { servers } from './dashboards/servers.ts'
import { slides } from './dashboards/slides.ts'
import type { Dashboard } from './grafana.ts'

export const dashboards: readonly Dashboard[] = [readers, slides, servers]
