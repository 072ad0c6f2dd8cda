/** Sealed texts: AES-256-GCM, bound to the place that they are kept in. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const NONCE_BYTES = 12
const TAG_BYTES = 16
export const KEY_BYTES = 32

export const newKey = (): Buffer => randomBytes(KEY_BYTES)
export const newKeyText = (): string => newKey().toString('base64url')

/** A sealed text was changed, moved to another place, or sealed with another key. */
export class BrokenSealError extends Error {
  override readonly name = 'BrokenSealError'
}

/**
 * @param key 32 bytes
 * @param place where the result is kept (table, row): it opens there only
 * @returns nonce (12 bytes), ciphertext, tag (16 bytes); NIST SP 800-38D with a random nonce
 */
export function seal(key: Buffer, content: Buffer, place: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place))
  return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()])
}

/** @throws BrokenSealError */
export function unseal(key: Buffer, sealed: Buffer, place: string): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new BrokenSealError('a sealed text is cut off')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES))
    .setAAD(Buffer.from(place))
    .setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
  } catch (cause) {
    throw new BrokenSealError('a sealed text does not open with this key, or not in this place', { cause })
  }
}

export const sealJson = (key: Buffer, value: unknown, place: string): Buffer =>
  seal(key, Buffer.from(JSON.stringify(value)), place)

/** @throws BrokenSealError */
export const unsealJson = <Value>(key: Buffer, sealed: Buffer, place: string): Value =>
  JSON.parse(unseal(key, sealed, place).toString('utf8')) as Value
