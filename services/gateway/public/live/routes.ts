import type { Followers, HttpRoutes } from '@coverslip/platform/module.ts'
import { allowed } from '../../missing.ts'
import type { Clients, PublicDeps } from '../clients.ts'
import { createHub } from './hub.ts'
import { openSockets } from './sockets.ts'

export interface Live {
  websockets: NonNullable<HttpRoutes['websockets']>
  followers: Followers
  stop(): void
}

/** Changes of a slide's annotations over a WebSocket, from `?after=SEQ` on. */
export function openLive(deps: PublicDeps, { annotations, slides }: Clients): Live {
  const hub = createHub((slideId, afterSeq, limit) => annotations.listChanges({ slideId, afterSeq, limit }))
  const sockets = openSockets()
  return {
    websockets: {
      async 'GET /api/slides/{id}/live'(call, req, socket, head) {
        const { slideId } = await allowed(call, call.params.id!, () => slides.find(call.params.id!))
        const { after } = call.query as { after: bigint }
        const { token } = call
        const stillGood = () => Promise.all([deps.auth.verify(token), slides.findPresent(slideId)])
        sockets.accept({ req, socket, head }, stillGood, watcher => hub.watch(slideId, after, watcher))
      },
    },
    followers: { 'annotations.changed': ({ slideId, seq }) => hub.changed(slideId, seq) },
    stop: () => sockets.stop(),
  }
}
