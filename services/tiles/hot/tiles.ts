/**
 * Tiles in memory, or in this machine's page cache: answered before routing, without waiting for anything. Whatever is
 * out of the ordinary (unknown credentials, a slide not seen lately, another spelling of the path) is left to the routes,
 * which also say what is wrong.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { decide } from '@coverslip/platform/auth/policy.ts'
import type { Principal } from '@coverslip/platform/auth/principal.ts'
import type { AuthDeps, HotHandler } from '@coverslip/platform/module.ts'
import { tilePath } from '../cache/keys.ts'
import type { TileCache } from '../cache/tile-cache.ts'
import { placeTile } from '../deepzoom/levels.ts'
import { readTileNow } from '../deepzoom/tile.ts'
import type { KnownSlide, OpenSlides } from '../slides/slides.ts'
import type { ServedRendition } from '../store.ts'
import { etagOf, namesEtag } from './headers.ts'
import type { TileMeter } from './meter.ts'
import { notModifiedHeaders, type ReadyTile, readyTile, tileHeaders } from './ready-tile.ts'
import type { Sampler } from './sampler.ts'
import { parseTilePath, type TilePath } from './tile-path.ts'

const ROUTE = '/tiles/{id}/{rendition}_files/{level}/{x}_{y}.{format}'

export interface HotParts {
  site: string
  auth: Pick<AuthDeps, 'known'>
  slides: OpenSlides
  cache: TileCache<ReadyTile>
  meter: TileMeter
  sampler: Sampler
}

export function createHotTiles({ site, auth, slides, cache, meter, sampler }: HotParts): HotHandler {
  /** Who was last found to be allowed: a viewer asks for a slide many times. */
  const readers = new WeakMap<ServedRendition, Principal>()

  function mayRead(principal: Principal | undefined, rendition: ServedRendition): boolean {
    if (principal === undefined) return false
    if (readers.get(rendition) === principal) return true
    const { project, slideId } = rendition
    if (decide({ principal, site, project, slide: slideId, action: 'slide.read' }) !== 'yes') return false
    readers.set(rendition, principal)
    return true
  }

  /** Whether this request may be answered here and now with something of the rendition. */
  function mayAnswer(req: IncomingMessage, known: KnownSlide, rendition: ServedRendition): boolean {
    if (req.method !== 'GET' && req.method !== 'HEAD') return false
    if (!slides.isFresh(known) || !known.slide!.renditions.includes(rendition)) return false
    return mayRead(auth.known(req), rendition)
  }

  /** One in so many is traced; with nothing to wait for, its span is ended before the next request. */
  function deliver(
    req: IncomingMessage,
    res: ServerResponse,
    ready: ReadyTile,
    from: 'memory' | 'page',
    begun: number,
  ): void {
    const { rendition, known, bytes, etag } = ready
    const headers = from === 'memory' ? ready.headers : tileHeaders(bytes, etag, from)
    if (sampler.takes(rendition)) {
      const tile = { route: ROUTE, req, slideId: rendition.slideId, traceparent: known.slide?.traceparent }
      void meter.trace(tile, async () => send(req, res, ready, headers))
    } else {
      send(req, res, ready, headers)
    }
    meter.record(from, performance.now() - begun, bytes.length)
  }

  /** Bytes that no one asked for lately in this shape: of another way of asking, or of the page cache. */
  function answerNew(url: string, path: TilePath, req: IncomingMessage, res: ServerResponse, begun: number): boolean {
    const known = slides.known(path.slideId)
    const rendition = known?.slide?.renditions.find(({ name }) => name === path.name)
    if (!known || !rendition || tilePath(rendition, path, 'jpeg') !== url) return false
    const place = placeTile(rendition, rendition.tileSize, path.level, path.x, path.y)
    if (!place || !mayAnswer(req, known, rendition)) return false
    let kept = cache.peek(url)
    const from = kept ? 'memory' : 'page'
    if (!kept) {
      const opened = cache.isLoading(url) ? undefined : slides.opened(rendition)
      const bytes = opened && readTileNow(opened, place)
      if (!bytes) return false
      kept = cache.keep(url, bytes)
    }
    const etag = etagOf(rendition, `${path.level}-${path.x}-${path.y}-jpeg`)
    kept.ready = readyTile(kept.bytes, known, rendition, etag)
    deliver(req, res, kept.ready, from, begun)
    return true
  }

  return (req, res) => {
    const begun = performance.now()
    const url = req.url!
    const ready = cache.peek(url)?.ready
    if (ready === undefined) {
      const path = parseTilePath(url)
      return path !== undefined && answerNew(url, path, req, res, begun)
    }
    if (!mayAnswer(req, ready.known, ready.rendition)) return false
    deliver(req, res, ready, 'memory', begun)
    return true
  }
}

function send(req: IncomingMessage, res: ServerResponse, { bytes, etag }: ReadyTile, headers: string[]): void {
  const held = ifNoneMatch(req.rawHeaders)
  if (held !== undefined && namesEtag(held, etag)) {
    res.writeHead(304, notModifiedHeaders(etag)).end()
    return
  }
  res.writeHead(200, headers)
  if (req.method === 'HEAD') res.end()
  else res.end(bytes)
}

function ifNoneMatch(rawHeaders: readonly string[]): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length === 13 && rawHeaders[i]!.toLowerCase() === 'if-none-match') return rawHeaders[i + 1]
  }
  return undefined
}
