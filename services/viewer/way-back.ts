/**
 * Where to go after signing in. The address of the sign-in page says it (`?next=/slides/…`); a sign-in link that comes by
 * mail opens another tab, so this browser remembers it for as long as such a link may take.
 */
import { isPageAddress } from '@coverslip/proto/api/page-addresses.ts'

const SHELF_KEY = 'coverslip.next'
const KEPT_MS = 3_600_000

type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** The address of a page within this origin; null for whatever else a link might have put there. */
export function pageAddress(next: string | null, origin: string): string | null {
  if (!next?.startsWith('/') || !URL.canParse(next, origin)) return null
  const { origin: itsOrigin, pathname, search } = new URL(next, origin)
  return itsOrigin === origin && isPageAddress(pathname) ? pathname + search : null
}

/** The sign-in page that leads back to an address; anything else leads to the list. */
export const signInPage = (from: string, origin: string): string => {
  const next = pageAddress(from, origin)
  return next ? `/sign-in?${new URLSearchParams({ next })}` : '/sign-in'
}

/** Remembers what the sign-in page's address says. */
export function keepWayBack(search: string, origin: string, shelf: Shelf, now: number): void {
  const next = pageAddress(new URLSearchParams(search).get('next'), origin)
  if (next) shelf.setItem(SHELF_KEY, JSON.stringify({ next, until: now + KEPT_MS }))
}

/** The remembered address, once; the list when there is none. */
export function takeWayBack(origin: string, shelf: Shelf, now: number): string {
  const kept = shelf.getItem(SHELF_KEY)
  shelf.removeItem(SHELF_KEY)
  try {
    const { next, until } = JSON.parse(kept ?? '{}') as { next?: string; until?: number }
    return (now < (until ?? 0) && pageAddress(next ?? null, origin)) || '/'
  } catch {
    return '/'
  }
}
