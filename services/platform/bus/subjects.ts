/** Subjects are tokens joined by dots; in a pattern `*` stands for one token and a last `>` for one or more. */

/** A regular expression for a pattern, in the syntax that JavaScript and PostgreSQL share. @throws Error for a bad pattern. */
export function patternSource(pattern: string): string {
  const tokens = pattern.split('.')
  const parts = tokens.map((token, i) => {
    if (token === '*') return '[^.]+'
    if (token === '>' && i === tokens.length - 1) return '.+'
    if (!/^[A-Za-z0-9_-]+$/.test(token)) throw new Error(`invalid subject pattern: ${pattern}`)
    return token
  })
  return `^${parts.join('[.]')}$`
}

export function subjectMatcher(pattern: string): (subject: string) => boolean {
  const expression = new RegExp(patternSource(pattern))
  return subject => expression.test(subject)
}
