/** Entity tags of annotations: the version in quotes. RFC 9110, sections 8.8.3 and 13.1. */
import { ServiceError } from '@coverslip/platform/errors.ts'

export const etagOf = (version: bigint): string => `"${version}"`

/**
 * The version that If-Match wants, 0 for `*` (whatever is current).
 * @throws ServiceError `precondition-required` without the header, `precondition-failed` for a tag that is none of ours
 */
export function versionOfIfMatch(header: string | undefined): bigint {
  const tag = header?.trim()
  if (!tag) throw new ServiceError('precondition-required', 'Send If-Match with the ETag of the version that you saw')
  if (tag === '*') return 0n
  // A weak tag never matches here, and no version is called "0".
  const match = /^"([1-9]\d{0,17})"$/.exec(tag)
  if (!match) throw new ServiceError('precondition-failed', 'If-Match is not an ETag that this annotation had')
  return BigInt(match[1]!)
}

/** Whether If-None-Match names the version: the caller has it already. */
export function hasVersion(header: string | undefined, version: bigint): boolean {
  const tags = (header ?? '').split(',').map(tag => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(etagOf(version))
}
