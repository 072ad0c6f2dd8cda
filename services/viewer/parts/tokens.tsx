import { useEffect, useState } from 'preact/hooks'
import type { TokenInfo } from '../api.ts'
import { api, messageOf, signedIn } from '../api.ts'
import { IconButton } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { Secret } from './secret.tsx'

/** API tokens for the command line, and the sessions of this account. */
export function Tokens({ onClose }: { onClose(): void }) {
  const [tokens, setTokens] = useState<TokenInfo[]>([])
  const [made, setMade] = useState('')
  const [failure, setFailure] = useState('')

  const attempt = async (action: () => Promise<unknown>) => {
    try {
      setFailure('')
      await signedIn(action())
      setTokens((await signedIn(api.tokens())).tokens)
    } catch (error) {
      setFailure(messageOf(error))
    }
  }
  useEffect(() => void attempt(async () => {}), [])

  return (
    <Dialog title="API tokens and sessions" onClose={onClose} wide>
      <NewToken onMake={(label, days) => void attempt(async () => setMade((await api.makeToken(label, days)).token))} />
      {made ? (
        <>
          <p>Copy the token now; it is not shown again.</p>
          <Secret text={made} label="API token" />
        </>
      ) : null}
      {failure ? <p class="reason">{failure}</p> : null}
      <ul class="tokens">
        {tokens.map(token => (
          <li key={token.id}>
            <span class="tag">{token.kind}</span>
            <b class="grow">{token.label || 'Browser'}</b>
            <small>until {new Date(token.expiresAt).toLocaleDateString()}</small>
            <IconButton
              icon="trash"
              label={`Revoke ${token.label || token.kind}`}
              onClick={() => void attempt(() => api.revokeToken(token.id))}
            />
          </li>
        ))}
      </ul>
    </Dialog>
  )
}

function NewToken({ onMake }: { onMake(label: string, days: number): void }) {
  const [label, setLabel] = useState('')
  const [days, setDays] = useState(90)
  return (
    <form
      class="inline"
      onSubmit={event => {
        event.preventDefault()
        onMake(label.trim(), days)
        setLabel('')
      }}
    >
      <input
        class="grow"
        required
        maxLength={100}
        placeholder="What is it for?"
        aria-label="What the token is for"
        value={label}
        onInput={event => setLabel(event.currentTarget.value)}
      />
      <label>
        <input
          type="number"
          min={1}
          max={366}
          value={days}
          aria-label="Days until it expires"
          onInput={event => setDays(Number(event.currentTarget.value))}
        />{' '}
        days
      </label>
      <button type="submit" class="primary">
        Make token
      </button>
    </form>
  )
}
