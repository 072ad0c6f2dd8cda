import type { User } from '@coverslip/proto/api.ts'
import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { mayCosts, mayInvite } from '../rights.ts'
import { Invite } from './invite.tsx'
import { Tokens } from './tokens.tsx'

/** To the sign-in page, by way of the provider where signing out ends its session as well. */
async function leave(): Promise<void> {
  const ways = await api.waysToSignIn().catch(() => null)
  location.assign(ways?.provider?.signsOut ? '/api/sign-in/oidc/sign-out' : '/sign-in')
}

/** Who is signed in, and what they can do about accounts. */
export function Account({ user }: { user: User }) {
  const [dialog, setDialog] = useState<'invite' | 'tokens' | null>(null)
  const close = () => setDialog(null)
  const signOut = () => {
    api
      .signOut()
      .catch(() => undefined)
      .then(leave)
  }
  return (
    <div class="account">
      <span title={user.email ?? ''}>{user.name}</span>
      {mayCosts(user) ? (
        <a class="button plain-button" href="/costs">
          Costs
        </a>
      ) : null}
      {mayInvite(user) ? (
        <button type="button" class="plain-button" onClick={() => setDialog('invite')}>
          Invite
        </button>
      ) : null}
      <button type="button" class="plain-button" onClick={() => setDialog('tokens')}>
        API tokens
      </button>
      <button type="button" class="plain-button" onClick={signOut}>
        Sign out
      </button>
      {dialog === 'invite' ? <Invite user={user} onClose={close} /> : null}
      {dialog === 'tokens' ? <Tokens onClose={close} /> : null}
    </div>
  )
}
