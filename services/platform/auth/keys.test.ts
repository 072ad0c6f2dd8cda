import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openKeys } from './keys.ts'
import { newSigningKey } from './token.ts'

const NONE = { SIGNING_KEY: '', VERIFY_KEY: '', SERVICE_SECRET: '' }
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-keys-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('keys that nobody gave are made once, for the operator alone', async () => {
  const first = await openKeys(NONE, folder)
  const again = await openKeys(NONE, folder)
  expect(again.serviceSecret).toEqual(first.serviceSecret)
  expect(again.verify.equals(first.verify)).toBe(true)
  for (const name of ['signing.pem', 'service-secret']) {
    expect((await stat(join(folder, 'keys', name))).mode & 0o777).toBe(0o600)
  }
  expect(await readFile(join(folder, 'keys/signing.pem'), 'utf8')).toContain('PRIVATE KEY')
})

test('a process that is given the public key signs nothing', async () => {
  const { publicKey } = generateKeyPairSync('ed25519')
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const given = { ...NONE, VERIFY_KEY: pem, SERVICE_SECRET: 's'.repeat(32) }
  expect((await openKeys(given, folder)).signing).toBeUndefined()
})

test('all wrong keys are named together, and none is quoted', async () => {
  const wrong = { SIGNING_KEY: 'secret-garbage', VERIFY_KEY: 'other-garbage', SERVICE_SECRET: 'short' }
  const error = await openKeys(wrong, folder).catch(cause => cause as Error)
  expect(error).toMatchObject({
    problems: [
      'SIGNING_KEY: expected an Ed25519 key in PEM',
      'VERIFY_KEY: expected an Ed25519 key in PEM',
      'SERVICE_SECRET: expected 32 characters or more',
    ],
  })
  expect((error as Error).message).not.toMatch(/garbage|short/)
})

test('a key of another kind is refused at the start', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const SIGNING_KEY = rsa.export({ type: 'pkcs8', format: 'pem' }).toString()
  await expect(openKeys({ ...NONE, SIGNING_KEY }, folder)).rejects.toThrow('SIGNING_KEY: expected an Ed25519 key')
  await expect(openKeys({ ...NONE, SIGNING_KEY: newSigningKey() }, folder)).resolves.toHaveProperty('signing')
})
