import { createHash, randomBytes } from 'node:crypto'

export const LIFE_SECONDS = {
  /** A link that somebody asked for or was given in passing. */
  link: 15 * 60,
  /** A link printed for the owner at a start: whoever installs may well be called away first. */
  ownerLink: 24 * 3600,
  /** Signing in at the OpenID provider, second factor included. */
  atProvider: 10 * 60,
  invitation: 7 * 24 * 3600,
  session: 12 * 3600,
  grant: 10 * 60,
  ownerToken: 366 * 24 * 3600,
} as const

export const DEFAULT_TOKEN_DAYS = 90
export const MAX_TOKEN_DAYS = 366

/** A one-time code: 256 random bits, fit for a URL. */
export const newCode = (): string => randomBytes(32).toString('base64url')

/** How a code (or an address in a counter) is stored. A plain hash does, since 256 random bits cannot be guessed. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The code follows `#`, which no browser sends to a server and so no log keeps. */
export const signInLink = (publicUrl: string, code: string): string => `${publicUrl}/sign-in#${code}`
