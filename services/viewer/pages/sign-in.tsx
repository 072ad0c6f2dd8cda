import { useEffect, useState } from 'preact/hooks'
import { ApiError, api, messageOf, type WaysToSignIn } from '../api.ts'
import { keepWayBack, takeWayBack } from '../way-back.ts'

/** Redeems the code behind `#`; without one, leads to the provider or asks for a link by mail. */
export function SignInPage() {
  const [{ code, done, problem }, setArrival] = useState(takeArrival)
  const [failure, setFailure] = useState(problem)
  useEffect(() => {
    document.title = 'Sign in · Coverslip'
    if (done) goOn()
    if (!code) return
    setFailure('')
    api.signIn(code).then(goOn, error => setFailure(reasonOf(error)))
  }, [code, done])
  useEffect(() => {
    // A link pasted into a page that is open already changes only the part behind #.
    const onHash = () => setArrival(before => ({ ...before, code: takeArrival().code || before.code }))
    window.addEventListener('hashchange', onHash)
    return () => window.removeEventListener('hashchange', onHash)
  }, [])
  const busy = done || (code && !failure)
  return (
    <div class="plain">
      <main class="card">
        <h1>Coverslip</h1>
        {busy ? <p>Signing in…</p> : <Ways failure={failure} />}
      </main>
    </div>
  )
}

/** Until the server says otherwise there are links. */
function Ways({ failure }: { failure: string }) {
  const [ways, setWays] = useState<WaysToSignIn>({ links: true, provider: null })
  useEffect(() => {
    api.waysToSignIn().then(setWays, () => undefined)
  }, [])
  return (
    <>
      {failure ? <p class="reason">{failure}</p> : null}
      {ways.provider ? (
        <p class="buttons">
          <a class="button primary" href="/api/sign-in/oidc">
            {ways.provider.name}
          </a>
        </p>
      ) : null}
      {ways.links ? <AskForLink other={ways.provider !== null} /> : null}
    </>
  )
}

/** @param props.other whether there is another way beside it */
function AskForLink({ other }: { other: boolean }) {
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
      <p>{other ? 'Or enter' : 'Enter'} your e-mail address to get a link that signs you in. There are no passwords.</p>
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
        <button type="submit" class={other ? '' : 'primary'}>
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

interface Arrival {
  /** Of a link; empty without one. */
  code: string
  /** Back from the provider, with a session. */
  done: boolean
  /** Back from the provider without one: what to say. */
  problem: string
}

/** All of it leaves the address at once: a code must stay neither in the history nor on a screenshot. */
function takeArrival(): Arrival {
  keepWayBack(location.search, location.origin, localStorage, Date.now())
  const said = new URLSearchParams(location.search)
  const problem = said.get('problem')
  const code = decodeURIComponent(location.hash.slice(1))
  if (code || problem) history.replaceState(null, '', location.pathname)
  return { code, done: said.has('done'), problem: problem ? (PROBLEMS[problem] ?? PROBLEMS.unauthenticated!) : '' }
}

/** What came of signing in at the provider, by the code of the error. */
const PROBLEMS: Record<string, string> = {
  unauthenticated: 'Signing in did not come to an end. Try again.',
  forbidden: 'You have no account here yet. Ask somebody who has one to invite you.',
  unavailable: 'The sign-in of your organisation does not answer. Try again in a moment.',
  unsupported: 'There is no sign-in of an organisation here.',
  'too-many': 'Too many attempts to sign in. Wait a minute.',
}

function goOn() {
  location.replace(takeWayBack(location.origin, localStorage, Date.now()))
}

const reasonOf = (error: unknown): string =>
  error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429
    ? 'This link has been used or has expired. Ask for a new one.'
    : messageOf(error)
