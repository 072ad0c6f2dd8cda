import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createAuthority } from './authority.ts'

test('certificates that are asked for at once are all good, and each has a number of its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-authority-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const authority = await createAuthority(folder)
  const names = Array.from({ length: 12 }, (_, i) => `service-${i}.example`)
  const issued = await Promise.all(names.map((name, i) => authority.issue(`service-${i}`, [name])))
  const ca = new X509Certificate(await readFile(authority.caFile))
  const certificates = await Promise.all(issued.map(async one => new X509Certificate(await readFile(one.certFile))))
  for (const [i, certificate] of certificates.entries()) {
    expect(certificate.checkIssued(ca) && certificate.verify(ca.publicKey)).toBe(true)
    expect(certificate.checkHost(names[i]!)).toBe(names[i])
  }
  expect(new Set(certificates.map(({ serialNumber }) => serialNumber)).size).toBe(names.length)
})
