/** Signed reports: whoever has the site's public key can tell that a report is its own, and unchanged. */
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { createReadStream } from 'node:fs'
import { keepKey } from '@coverslip/platform/auth/keys.ts'
import { ConfigError } from '@coverslip/platform/config.ts'
import { z } from 'zod'
import { canonicalJson } from './canonical-json.ts'
import { type Report, report } from './report.ts'

const signedReport = report.extend({
  signature: z.object({
    algorithm: z.literal('Ed25519'),
    /** The beginning of the SHA-256 of the public key (SPKI, DER). */
    keyId: z.string().regex(/^[0-9a-f]{16}$/),
    /** Over the canonical JSON of everything but this object; Base64. */
    value: z.base64(),
  }),
})
export type SignedReport = z.infer<typeof signedReport>

/** What a site signs with, and tells its sources by. Neither leaves it. */
export interface ReportKeys {
  signing: KeyObject
  input: Buffer
}

const MIN_INPUT_KEY = 32

/**
 * The keys as given, or made once and kept in `folder`.
 * @throws ConfigError for a key that is none
 */
export async function openReportKeys(given: { signing: string; input: string }, folder: string): Promise<ReportKeys> {
  const pem = given.signing || (await keepKey(folder, 'report-signing.pem', newSigningKey))
  const input = given.input || (await keepKey(folder, 'report-input', () => randomBytes(32).toString('base64url')))
  const signing = ed25519(pem)
  const problems = [
    ...(signing ? [] : ['REPORT_SIGNING_KEY: expected an Ed25519 key in PEM']),
    ...(input.length < MIN_INPUT_KEY ? [`REPORT_INPUT_KEY: expected ${MIN_INPUT_KEY} characters or more`] : []),
  ]
  if (!signing || problems.length > 0) throw new ConfigError(problems)
  return { signing, input: Buffer.from(input) }
}

const opened = new WeakMap<object, Promise<ReportKeys>>()

/** The keys by the service's settings, opened once. */
export function reportKeysOf(
  settings: Readonly<Record<'REPORT_SIGNING_KEY' | 'REPORT_INPUT_KEY' | 'REPORT_KEY_FOLDER', string>>,
): Promise<ReportKeys> {
  const { REPORT_SIGNING_KEY: signing, REPORT_INPUT_KEY: input, REPORT_KEY_FOLDER: folder } = settings
  const keys = opened.get(settings) ?? openReportKeys({ signing, input }, folder)
  opened.set(settings, keys)
  return keys
}

const newSigningKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

function ed25519(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem)
    return key.asymmetricKeyType === 'ed25519' ? key : undefined
  } catch {
    return undefined
  }
}

export const keyIdOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(publicOf(key).export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)

/** What whoever checks reports needs: the key in PEM (SPKI), and the id that reports name. */
export const publicKeyOf = ({ signing }: Pick<ReportKeys, 'signing'>) => ({
  algorithm: 'Ed25519' as const,
  keyId: keyIdOf(signing),
  publicKey: publicOf(signing).export({ type: 'spki', format: 'pem' }).toString(),
})

const publicOf = (key: KeyObject): KeyObject => (key.type === 'private' ? createPublicKey(key) : key)

/** The key that reports are checked by, from a PEM of it. @throws TypeError for what is none */
export function publicKeyFrom(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Told below, without a word of the file.
  }
  throw new TypeError('No Ed25519 key in PEM')
}

export function signReport(facts: Report, { signing }: Pick<ReportKeys, 'signing'>): SignedReport {
  const value = sign(null, Buffer.from(canonicalJson(facts)), signing).toString('base64')
  return { ...facts, signature: { algorithm: 'Ed25519', keyId: keyIdOf(signing), value } }
}

/** Whether a report is as it was signed, by the holder of a key. @param key public, or the private one */
export function isGenuine(document: unknown, key: KeyObject): boolean {
  const parsed = signedReport.safeParse(document)
  if (!parsed.success) return false
  const { signature } = parsed.data
  // What was signed is what is there, not what the schema makes of it: an added key is a change.
  const { signature: _, ...facts } = document as Record<string, unknown>
  const bytes = Buffer.from(canonicalJson(facts))
  return signature.keyId === keyIdOf(key) && verify(null, bytes, publicOf(key), Buffer.from(signature.value, 'base64'))
}

/** A source by its bytes, for those who have the key: files in order, so that a change of any of them shows. */
export async function hmacOfFiles(paths: readonly string[], key: Buffer, signal?: AbortSignal): Promise<string> {
  const sum = createHmac('sha256', key)
  for (const path of paths) {
    for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024, ...(signal ? { signal } : {}) })) {
      sum.update(piece)
    }
  }
  return sum.digest('hex')
}
