/** Finds the route of a request: path templates of proto/api.ts compiled once. */
import { api, type RouteSpec, routeName } from '@coverslip/proto/api.ts'

export interface CompiledRoute {
  spec: RouteSpec
  name: string
  pattern: RegExp
  params: string[]
}

/** `{name}` matches what has no slash, as little as possible: `{x}_{y}.jpeg`. */
export function compileRoute(spec: RouteSpec): CompiledRoute {
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
  const exact = new Map<string, CompiledRoute[]>()
  for (const route of compiled) {
    if (route.params.length === 0) exact.set(route.spec.path, [...(exact.get(route.spec.path) ?? []), route])
  }
  // By first segment, so that a tile is not compared with the whole API.
  const patterns = Map.groupBy(
    compiled.filter(route => route.params.length > 0),
    ({ spec }) => firstSegment(spec.path),
  )
  return (method, path) => {
    // No name holds a zero character, and no database stores one.
    if (path.includes('%00')) return { allowed: [] }
    const here = exact.get(path) ?? patterns.get(firstSegment(path))?.filter(route => route.pattern.test(path)) ?? []
    const route = pick(here, method)
    if (!route) return { allowed: [...new Set(here.map(({ spec }) => spec.method))] }
    return { route, params: readParams(route, path) }
  }
}

/** `/tiles/x` gives `tiles`. */
function firstSegment(path: string): string {
  const end = path.indexOf('/', 1)
  return path.slice(1, end === -1 ? undefined : end)
}

function pick(routes: CompiledRoute[], method: string): CompiledRoute | undefined {
  const exact = routes.find(({ spec }) => spec.method === method)
  return exact ?? (method === 'HEAD' ? routes.find(({ spec }) => spec.method === 'GET') : undefined)
}

function readParams(route: CompiledRoute, path: string): Record<string, string> {
  if (route.params.length === 0) return {}
  const values = route.pattern.exec(path)!
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
