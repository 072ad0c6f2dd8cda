/**
 * Who may take part in a look-up: two accounts have to be two people. Decision 007 says what this proves and what it does
 * not.
 */
import type { Principal } from '@coverslip/platform/auth/principal.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'

type Caller = Pick<Principal, 'ownLink' | 'accountSince' | 'site'>

/**
 * Two accounts are surely two people only where the same hand tells them apart: one person may have an account that signs in
 * by links and one that a provider vouches for.
 * @throws ServiceError `forbidden`
 */
export function mustHaveSameWay(asker: string | null, idp: string | undefined): void {
  if ((asker ?? undefined) === idp) return
  const how = asker ? 'at the same provider as' : 'by a link of your own, as'
  throw new ServiceError('forbidden', `Whoever agrees has to be told apart from whoever asked: sign in ${how} they did`)
}

/**
 * An account counts as a person when it signed in by a link that nobody else was given or at its provider, and was not made for the purpose.
 * @param here this site: at another one the same person may have one more account
 * @param minAgeMs how long the account has to be there
 * @throws ServiceError `forbidden` that says what to do
 */
export function mustBePerson(
  { ownLink, accountSince, site }: Caller,
  here: string,
  minAgeMs: number,
  now = Date.now(),
): void {
  if (!ownLink) {
    throw new ServiceError(
      'forbidden',
      'A look-up wants people who signed in with a link of their own, not one that somebody gave them, nor with the token of a file: sign in on the sign-in page, with a link that you ask for there or at your organisation',
    )
  }
  if (site !== here) {
    throw new ServiceError('forbidden', 'A look-up wants accounts of this site: sign in here, with a link of your own')
  }
  if (!accountSince || now - accountSince.getTime() < minAgeMs) {
    const hours = Math.ceil(minAgeMs / 3_600_000)
    const age = hours >= 48 ? `${Math.ceil(hours / 24)} days` : `${hours} hours`
    throw new ServiceError('forbidden', `A look-up wants accounts that have been there for ${age}; this one is younger`)
  }
}
