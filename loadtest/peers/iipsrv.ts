/**
 * iipsrv, one process behind nginx. Debian's 1.1 decodes each tile and encodes it again; the JPEGs it keeps in memory
 * are not found again ("Cache Miss" in its log, tile after tile). Since 1.3 stored tiles pass through: `IIPSRV` names a build
 * of one's own.
 */
import { access } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { requireProgram, startServer } from '@coverslip/platform/testing/process.ts'
import type { PeerSlide } from './gunicorn.ts'
import { startNginx } from './nginx.ts'

export interface Iipsrv {
  url: string
  /** Of nginx and of iipsrv. */
  pids(): number[]
  stop(): Promise<void>
}

/** @param cacheMebibytes for tiles in memory */
export async function startIipsrv(folder: string, slide: PeerSlide, cacheMebibytes: number): Promise<Iipsrv> {
  const socket = join(folder, 'iipsrv.sock')
  const program = process.env.IIPSRV ?? requireProgram('iipsrv.fcgi', 'iipimage-server', ['/usr/lib/iipimage-server'])
  const server = await startServer({
    title: 'iipsrv',
    url: () => socket,
    command: () => ({
      file: program,
      args: ['--bind', socket],
      env: {
        FILESYSTEM_PREFIX: `${dirname(slide.path)}/`,
        JPEG_QUALITY: String(slide.quality),
        MAX_IMAGE_CACHE_SIZE: String(cacheMebibytes),
      },
    }),
    probe: () => access(socket),
    signal: 'SIGTERM',
  })
  const front = await startNginx(locations(socket))
  return {
    url: front.url,
    pids: () => [server.pid(), front.pid()],
    stop: async () => void (await Promise.all([front.stop(), server.stop()])),
  }
}

/** It serves one connection after the other, so none to it is kept open: whoever had one would shut the rest out. */
const locations = (socket: string): string => `location / { return 404; }
    location = /iipsrv {
      fastcgi_pass unix:${socket};
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param REQUEST_URI $request_uri;
    }`

/** @param level of Deep Zoom, 0 the smallest */
export const iipsrvTile = (path: string, level: number, x: number, y: number): string =>
  `/iipsrv?DeepZoom=${basename(path)}_files/${level}/${x}_${y}.jpg`

/** @param region as IIIF writes it; what may stand in a Lua format as well */
export const iipsrvRegion = (path: string, region: string, size: number): string =>
  `/iipsrv?IIIF=${basename(path)}/${region}/${size},/0/default.jpg`
