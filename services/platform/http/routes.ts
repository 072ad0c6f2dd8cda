/** Finds the route of a request: path templates of proto/api.ts compiled once. */
import { api, type RouteSpec, routeName } from '@coverslip/proto/api.ts'

export interface CompiledRoute {
  spec: RouteSpec
  name: string
  pattern: RegExp
  params: string[]
}

/** `{name}` matches what has no slash, as little as possible: `{x}_{y}.jpeg`. */
function compileRoute(spec: RouteSpec): CompiledRoute {
  const params: string[] = []
  const source = spec.path.replaceAll(/\{(\w+)\}|[.*+?^$()|[\]\\]/g, (found, name?: string) => {
    if (!name) return `\\${found}`
    params.push(name)
    return '([^/]+?)'
  })
  return { spec, name: routeName(spec), pattern: new RegExp(`^${source}$`), params }
}

export type Found = { route: CompiledRoute; params: Record<string, string> } | { allowed: string[] }

export type Router = (method: string, path: string) => Found

/**
 * A router over the routes of some modules. Answers the methods that a known path allows when the method is wrong, and
 * none when the path is unknown. HEAD is answered by GET where no HEAD is declared.
 */
export function createRouter(routes: readonly RouteSpec[]): Router {
  const compiled = routes.map(compileRoute)
  const exact = new Map<string, Match[]>()
  for (const route of compiled) {
    const { path } = route.spec
    if (route.params.length === 0) exact.set(path, [...(exact.get(path) ?? []), { route, values: [] }])
  }
  // By first segment, so that a tile is not compared with the whole API.
  const patterns = Map.groupBy(
    compiled.filter(route => route.params.length > 0),
    ({ spec }) => firstSegment(spec.path),
  )
  return (method, path) => {
    // No name holds a zero character, and no database stores one.
    if (path.includes('%00')) return { allowed: [] }
    const here = exact.get(path) ?? matching(patterns.get(firstSegment(path)) ?? [], path)
    const found = pick(here, method)
    if (!found) return { allowed: [...new Set(here.map(({ route }) => route.spec.method))] }
    return { route: found.route, params: readParams(found) }
  }
}

/** `/tiles/x` gives `tiles`. */
function firstSegment(path: string): string {
  const end = path.indexOf('/', 1)
  return path.slice(1, end === -1 ? undefined : end)
}

interface Match {
  route: CompiledRoute
  /** What the pattern captured: the whole path, then each parameter. */
  values: readonly string[]
}

function matching(routes: CompiledRoute[], path: string): Match[] {
  return routes.flatMap(route => {
    const values = route.pattern.exec(path)
    return values ? [{ route, values }] : []
  })
}

function pick(matches: Match[], method: string): Match | undefined {
  const exact = matches.find(({ route }) => route.spec.method === method)
  return exact ?? (method === 'HEAD' ? matches.find(({ route }) => route.spec.method === 'GET') : undefined)
}

function readParams({ route, values }: Match): Record<string, string> {
  return Object.fromEntries(route.params.map((name, i) => [name, decode(values[i + 1]!)]))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The routes of the given modules; the health routes belong to every process. */
export function routesOf(modules: readonly string[]): RouteSpec[] {
  return api.filter(({ module, path }) => modules.includes(module) && path !== '/healthz' && path !== '/readyz')
}
