import { useEffect, useState } from 'preact/hooks'
import { ApiError, api, messageOf } from '../api.ts'
import { keepWayBack, takeWayBack } from '../way-back.ts'

/** Redeems the code behind `#`; without one, asks for a link by mail. */
export function SignInPage() {
  const [code, setCode] = useState(takeCode)
  const [failure, setFailure] = useState('')
  useEffect(() => {
    document.title = 'Sign in · Coverslip'
    setFailure('')
    if (code) api.signIn(code).then(goOn, error => setFailure(reasonOf(error)))
  }, [code])
  useEffect(() => {
    // A link pasted into a page that is open already changes only the part behind #.
    const onHash = () => setCode(takeCode() || code)
    window.addEventListener('hashchange', onHash)
    return () => window.removeEventListener('hashchange', onHash)
  }, [code])
  return (
    <div class="plain">
      <main class="card">
        <h1>Coverslip</h1>
        {code && !failure ? <p>Signing in…</p> : <AskForLink failure={failure} />}
      </main>
    </div>
  )
}

function AskForLink({ failure }: { failure: string }) {
  const [email, setEmail] = useState('')
  const [said, setSaid] = useState('')
  function ask(event: Event) {
    event.preventDefault()
    api.askForLink(email).then(
      () => setSaid('If there is an account with this address, a link is on its way to it.'),
      error => setSaid(messageOf(error)),
    )
  }
  return (
    <form onSubmit={ask}>
      {failure ? <p class="reason">{failure}</p> : null}
      <p>Enter your e-mail address to get a link that signs you in. There are no passwords.</p>
      <label class="row">
        <span>E-mail</span>
        <input
          type="email"
          required
          autocomplete="email"
          value={email}
          onInput={event => setEmail(event.currentTarget.value)}
        />
      </label>
      <div class="buttons">
        <button type="submit" class="primary">
          Send me a link
        </button>
      </div>
      {said ? <p role="status">{said}</p> : null}
      <p class="hint">
        First time here? The owner’s link stands in the terminal where Coverslip was started. Where there is no mail
        server, a link that you ask for appears in Coverslip’s log.
      </p>
    </form>
  )
}

/** The code leaves the address at once, so that it stays neither in the history nor on a screenshot. */
function takeCode(): string {
  keepWayBack(location.search, location.origin, localStorage, Date.now())
  const code = decodeURIComponent(location.hash.slice(1))
  if (code) history.replaceState(null, '', location.pathname)
  return code
}

function goOn() {
  location.replace(takeWayBack(location.origin, localStorage, Date.now()))
}

const reasonOf = (error: unknown): string =>
  error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429
    ? 'This link has been used or has expired. Ask for a new one.'
    : messageOf(error)
