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
  const kept = (name: string, make: () => string) => keep(join(dataFolder, 'keys'), name, make)
  const signingPem = given.SIGNING_KEY || (given.VERIFY_KEY ? '' : await kept('signing.pem', newSigningKey))
  const secret = given.SERVICE_SECRET || (await kept('service-secret', () => randomBytes(32).toString('base64url')))
  if (secret.length < 32) throw new ConfigError(['SERVICE_SECRET: expected 32 characters or more'])
  return {
    signing: signingPem ? parse('SIGNING_KEY', () => readPrivateKey(signingPem)) : undefined,
    verify: parse('VERIFY_KEY', () => readPublicKey(given.VERIFY_KEY || signingPem)),
    serviceSecret: Buffer.from(secret),
  }
}

function parse(name: string, read: () => KeyObject): KeyObject {
  try {
    return read()
  } catch {
    throw new ConfigError([`${name}: expected an Ed25519 key in PEM`])
  }
}

async function keep(folder: string, name: string, make: () => string): Promise<string> {
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
