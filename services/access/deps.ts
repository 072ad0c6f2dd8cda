import type { Deps } from '@coverslip/platform/module.ts'
import type { config } from './config.ts'
import type { Mailer } from './mail.ts'
import type { AccessTables } from './store.ts'

export type AccessDeps = Deps<AccessTables, typeof config>

/** How a sign-in link reaches its account. */
export interface Delivery {
  /** The address that browsers use. */
  publicUrl: string
  /** Undefined where no mail server is configured. */
  mail: Mailer | undefined
  /** Goes on after the answer; awaited before the process stops. */
  background(work: Promise<void>): void
}
