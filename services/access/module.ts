import { defineModule } from '@coverslip/platform/module.ts'
import { AccessServiceDefinition } from '@coverslip/proto/gen/access/v1/access.ts'
import { config } from './config.ts'
import type { AccessDeps, Delivery } from './deps.ts'
import { openMailer } from './mail.ts'
import { accounts } from './migrations/001-accounts.ts'
import { ownLinks } from './migrations/002-own-links.ts'
import { identities } from './migrations/003-identities.ts'
import { ensureOwner, keepOwnerToken, printOwnerLink } from './owner.ts'
import { providerOf } from './provider/settings.ts'
import { implementation } from './rpc.ts'
import { type AccessTables, purge } from './store.ts'

const PURGE_INTERVAL_MS = 3_600_000

/** Who may come in: accounts, one-time sign-in links, sessions, API tokens, grants. */
export const access = defineModule<AccessTables, typeof config, Record<never, never>>({
  name: 'access',
  config,
  migrations: [accounts, ownLinks, identities],
  async start(deps) {
    const mailer = openMailer(deps.config.SMTP_URL, deps.config.MAIL_FROM)
    const background = backgroundWork(deps)
    const delivery: Delivery = { publicUrl: deps.config.PUBLIC_URL, mail: mailer?.send, background: background.add }

    await purge(deps.db.query, new Date())
    const owner = await ensureOwner(deps)
    await keepOwnerToken(deps, owner)
    await printOwnerLink(deps, delivery, owner)
    const purging = setInterval(() => background.add(purge(deps.db.query, new Date())), PURGE_INTERVAL_MS).unref()

    return {
      rpc: { definition: AccessServiceDefinition, implementation: implementation(deps, delivery, providerOf(deps)) },
      async stop() {
        clearInterval(purging)
        await background.settled()
        mailer?.close()
      },
    }
  },
})

/** Work that no caller waits for; its errors have nowhere to go but the log. */
function backgroundWork(deps: AccessDeps): { add(work: Promise<void>): void; settled(): Promise<void> } {
  const pending = new Set<Promise<void>>()
  return {
    add(work) {
      const settling = work
        .catch(error => deps.log.warn({ err: error }, 'background work failed'))
        .finally(() => pending.delete(settling))
      pending.add(settling)
    },
    async settled() {
      await Promise.all(pending)
    },
  }
}
