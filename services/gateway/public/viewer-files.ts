/** The viewer's files: one page for every address of the viewer, scripts and styles by their hashed names. */
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpAnswer, HttpCall, HttpRoutes } from '@coverslip/platform/module.ts'
import { isPageAddress } from '@coverslip/proto/api/page-addresses.ts'

const compress = promisify(gzip)

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}
const COMPRESSED = new Set(['.css', '.js', '.json', '.map', '.svg'])

/** Scripts, styles and connections of our own only; tiles and exports are images and blobs of this origin. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' blob: data:",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self' ws: wss:",
  "worker-src blob: 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** @param folder the configured folder; empty: the viewer of this repository */
export function viewerRoutes(folder: string): NonNullable<HttpRoutes['routes']> {
  const dist = folder || fileURLToPath(new URL('../../viewer/dist', import.meta.url))
  // Hashed names: what a name stands for never changes, so that each file is read and compressed once.
  const assets = new Map<string, Promise<Asset>>()
  const page = () => pageAnswer(join(dist, 'index.html'))
  const pageOrSignIn = async (call: HttpCall): Promise<HttpAnswer> =>
    isSignedIn(call) ? page() : { status: 302, headers: { location: signInAddress(call.stream.url ?? '') } }
  return {
    'GET /': pageOrSignIn,
    'GET /slides/{id}': pageOrSignIn,
    'GET /review': pageOrSignIn,
    'GET /costs': pageOrSignIn,
    'GET /projects/{project}': pageOrSignIn,
    'GET /projects/{project}/{section}': pageOrSignIn,
    'GET /projects/{project}/{section}/{id}': pageOrSignIn,
    'GET /sign-in': page,
    async 'GET /assets/{file}'(call) {
      const file = call.params.file!
      // Nothing that could leave the folder: no slash in either direction, no name that begins with a dot.
      if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(file)) throw noFile()
      const asset = assets.get(file) ?? readAsset(join(dist, 'assets', file))
      assets.set(file, asset)
      // Names that do not exist are not remembered: there is no end of them.
      asset.catch(() => assets.delete(file))
      return assetAnswer(await asset, /\bgzip\b/.test(String(call.headers['accept-encoding'] ?? '')))
    },
  }
}

/**
 * The sign-in page, which leads back to the page that was asked for; the page itself takes nothing else for a way back.
 * @param asked path and query of the request
 */
export function signInAddress(asked: string): string {
  const [path = '', ...query] = asked.split('?')
  const isPage = isPageAddress(path) && /^[\w.=&-]*$/.test(query.join('?')) && asked.length <= 200
  return isPage ? `/sign-in?next=${encodeURIComponent(asked)}` : '/sign-in'
}

interface Asset {
  type: string
  plain: Buffer
  gzipped: Buffer | undefined
}

const noFile = (cause?: unknown): ServiceError => new ServiceError('not-found', 'There is no such file', { cause })

async function readAsset(path: string): Promise<Asset> {
  const extension = extname(path)
  const plain = await readFile(path).catch(cause => {
    throw noFile(cause)
  })
  const gzipped = COMPRESSED.has(extension) ? await compress(plain) : undefined
  return { type: TYPES[extension] ?? 'application/octet-stream', plain, gzipped }
}

function assetAnswer({ type, plain, gzipped }: Asset, acceptsGzip: boolean): HttpAnswer {
  const encoded = acceptsGzip && gzipped
  return {
    headers: {
      'content-type': type,
      'cache-control': 'public, max-age=31536000, immutable',
      'content-length': String(encoded ? encoded.length : plain.length),
      ...(gzipped && { vary: 'Accept-Encoding' }),
      ...(encoded && { 'content-encoding': 'gzip' }),
    },
    body: encoded || plain,
  }
}

async function pageAnswer(path: string): Promise<HttpAnswer> {
  const body = await readFile(path).catch(cause => {
    throw new ServiceError('unavailable', 'The viewer is not built yet; the API works without it', { cause })
  })
  return {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy': CONTENT_SECURITY_POLICY,
    },
    body,
  }
}

function isSignedIn(call: HttpCall): boolean {
  try {
    return call.principal.kind !== 'grant'
  } catch {
    return false
  }
}
