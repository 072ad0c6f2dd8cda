/**
 * Pictures for viewers on other web sites (the Fetch standard's CORS): only for the origins that the operator names,
 * with credentials, so that cookies and tokens work; their own checks stay as they are.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HotHandler } from '@coverslip/platform/module.ts'

/** What this service answers. */
const PREFIXES = ['/tiles/', '/iiif/', '/dicomweb/']
const EXPOSED = 'Content-Length, ETag, Link, Server-Timing'
const PREFLIGHT = [
  ...['access-control-allow-methods', 'GET, HEAD, POST, OPTIONS'],
  ...['access-control-allow-headers', 'Accept, Authorization, Content-Type, If-None-Match, Range'],
  ...['access-control-max-age', '86400', 'content-length', '0'],
]

/**
 * Sets the headers and leaves the request to whoever comes next; answers only preflights. Undefined without origins.
 * @param origins `https://viewer.example.org`
 */
export function createCors(origins: readonly string[]): HotHandler | undefined {
  if (origins.length === 0) return undefined
  const known = new Set(origins)
  return (req, res) => {
    if (!PREFIXES.some(prefix => req.url!.startsWith(prefix))) return false
    // What a browser keeps for its own site must not be taken for what another site asked for.
    res.setHeader('vary', 'Origin')
    const { origin } = req.headers
    if (origin === undefined || !known.has(origin)) return false
    allow(res, origin)
    return isPreflight(req) && answerPreflight(res)
  }
}

function allow(res: ServerResponse, origin: string): void {
  res.setHeader('access-control-allow-origin', origin)
  res.setHeader('access-control-allow-credentials', 'true')
  res.setHeader('access-control-expose-headers', EXPOSED)
  res.setHeader('timing-allow-origin', origin)
}

const isPreflight = ({ method, headers }: IncomingMessage): boolean =>
  method === 'OPTIONS' && headers['access-control-request-method'] !== undefined

function answerPreflight(res: ServerResponse): true {
  res.writeHead(204, PREFLIGHT).end()
  return true
}
