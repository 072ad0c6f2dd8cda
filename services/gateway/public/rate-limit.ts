import { ServiceError } from '@coverslip/platform/errors.ts'

const REMEMBERED = 10_000

export interface Bucket {
  /** Calls that may come at once. */
  burst: number
  /** Further calls per second. */
  perSecond: number
}

/** Takes one token of the bucket named so; false when it is empty. */
type Take = (key: string) => boolean

/** @param now milliseconds of a monotonic clock */
export function tokenBuckets({ burst, perSecond }: Bucket, now: () => number): Take {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return key => {
    const at = now()
    const bucket = buckets.get(key) ?? { tokens: burst, at }
    const tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) / 1000) * perSecond)
    const taken = tokens >= 1
    buckets.delete(key)
    buckets.set(key, { tokens: taken ? tokens - 1 : tokens, at })
    // The first of a Map is the one unused for longest, and so the fullest.
    if (buckets.size > REMEMBERED) buckets.delete(buckets.keys().next().value!)
    return taken
  }
}

const PER_ADDRESS: Bucket = { burst: 30, perSecond: 0.5 }
const IN_ALL: Bucket = { burst: 300, perSecond: 20 }

/**
 * Limits attempts to sign in by client address and in all. Codes cannot be guessed; this keeps the work that a stranger
 * can cause small.
 * @returns a check that throws ServiceError `too-many`
 */
export function signInLimit(now: () => number = () => performance.now()): (address: string) => void {
  const own = tokenBuckets(PER_ADDRESS, now)
  const all = tokenBuckets(IN_ALL, now)
  return address => {
    if (!own(address) || !all('')) throw new ServiceError('too-many', 'Too many attempts to sign in; wait a minute')
  }
}
