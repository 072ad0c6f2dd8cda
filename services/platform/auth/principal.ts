import type { Claims, Role } from './token.ts'

/** Whoever a verified token stands for. */
export interface Principal {
  userId: string
  kind: Claims['kind']
  tokenId: string
  /** project -> role; `*` stands for every project. */
  roles: Readonly<Record<string, Role>>
  /** Data-user level, 0 to 3. */
  level: number
  /** When set, only these slides. */
  slides: readonly string[] | undefined
  /** Whether they signed in by a link that nobody else was given, or at their OpenID provider; false where that is not known. */
  ownLink: boolean
  /** The issuer of the OpenID provider where they signed in. */
  idp: string | undefined
  /** When the account was made, where that is known. */
  accountSince: Date | undefined
  /** The site that has the account, where that is known. */
  site: string | undefined
  expiresAt: Date
}

export function principalOf(claims: Claims): Principal {
  return {
    userId: claims.sub,
    kind: claims.kind,
    tokenId: claims.jti,
    roles: claims.roles,
    level: claims.level,
    slides: claims.slides,
    ownLink: claims.ownLink ?? false,
    idp: claims.idp,
    site: claims.site,
    accountSince: claims.accountSince === undefined ? undefined : new Date(claims.accountSince * 1000),
    expiresAt: new Date(claims.exp * 1000),
  }
}
