/** The keys of this process: given by reference, or made once and kept in the data folder (single-process trials). */

import type { KeyObject } from 'node:crypto'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../config.ts'
import { newSigningKey, readPrivateKey, readPublicKey } from './token.ts'

export interface Keys {
  /** Undefined in processes that only verify. */
  signing: KeyObject | undefined
  verify: KeyObject
  serviceSecret: Uint8Array
}

/** @throws ConfigError for a key that cannot be read or a secret that is too short. */
export async function openKeys(
  given: { SIGNING_KEY: string; VERIFY_KEY: string; SERVICE_SECRET: string },
  dataFolder: string,
): Promise<Keys> {
  const kept = (name: string, make: () => string) => keepKey(join(dataFolder, 'keys'), name, make)
  const signingPem = given.SIGNING_KEY || (given.VERIFY_KEY ? '' : await kept('signing.pem', newSigningKey))
  const secret = given.SERVICE_SECRET || (await kept('service-secret', () => randomBytes(32).toString('base64url')))
  const signing = signingPem ? parse(() => readPrivateKey(signingPem)) : undefined
  const verify = parse(() => readPublicKey(given.VERIFY_KEY || signingPem))
  const problems = [
    ...(signingPem && !signing ? ['SIGNING_KEY: expected an Ed25519 key in PEM'] : []),
    ...(given.VERIFY_KEY && !verify ? ['VERIFY_KEY: expected an Ed25519 key in PEM'] : []),
    ...(secret.length < 32 ? ['SERVICE_SECRET: expected 32 characters or more'] : []),
  ]
  if (!verify || problems.length > 0) throw new ConfigError(problems)
  return { signing, verify, serviceSecret: Buffer.from(secret) }
}

/** Undefined for anything but an Ed25519 key: a token that another key signed would only fail later. */
function parse(read: () => KeyObject): KeyObject | undefined {
  try {
    const key = read()
    return key.asymmetricKeyType === 'ed25519' ? key : undefined
  } catch {
    return undefined
  }
}

/** The key kept under `name` in a folder that nobody else may read; made by `make` when there is none yet. */
export async function keepKey(folder: string, name: string, make: () => string): Promise<string> {
  const path = join(folder, name)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const made = make()
  const part = `${path}.${process.pid}`
  await writeFile(part, made, { mode: 0o600 })
  await rename(part, path)
  return made
}
