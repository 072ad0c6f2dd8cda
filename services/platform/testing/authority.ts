/** Certificates of a made-up authority, by openssl. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, copyFile, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Certificates } from '../tls.ts'
import { requireProgram } from './process.ts'

export interface Authority {
  caFile: string
  /** A certificate for these names and addresses, for servers as well as callers; a new one each time. */
  issue(title: string, names: string[]): Promise<Certificates>
}

/** @param folder of its own */
export async function createAuthority(folder: string): Promise<Authority> {
  const program = requireProgram('openssl', 'openssl')
  const openssl = (args: string[]) => promisify(execFile)(program, args)
  const caFile = join(folder, 'ca.crt')
  const caKey = join(folder, 'ca.key')
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await mkdir(folder, { recursive: true })
  await openssl(['req', '-x509', ...curve, '-keyout', caKey, '-out', caFile, '-days', '2', '-subj', '/CN=made up'])
  return {
    caFile,
    async issue(title, names) {
      const [certFile, keyFile] = [join(folder, `${title}.crt`), join(folder, `${title}.key`)]
      const [request, extensions, made] = ['csr', 'ext', 'new'].map(end => join(folder, `${title}.${end}`))
      const kinds = names.map(name => (/^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`))
      await writeFile(extensions!, `subjectAltName=${kinds.join(',')}\nextendedKeyUsage=serverAuth,clientAuth\n`)
      await openssl(['req', ...curve, '-keyout', `${made}.key`, '-out', request!, '-subj', `/CN=${title}`])
      // By default openssl counts in a file, which calls at the same time break.
      const serial = `0x${randomBytes(16).toString('hex')}`
      const signing = ['-CA', caFile, '-CAkey', caKey, '-set_serial', serial, '-days', '1', '-extfile', extensions!]
      await openssl(['x509', '-req', '-in', request!, ...signing, '-out', made!])
      // Servers that change their user read it as well.
      await chmod(`${made}.key`, 0o644)
      await rename(`${made}.key`, keyFile)
      await rename(made!, certFile)
      return { caFile, certFile, keyFile }
    },
  }
}

/** A copy that only PostgreSQL's own user may read, as it insists. */
export async function copyKey(from: string, to: string): Promise<void> {
  await copyFile(from, to)
  await chmod(to, 0o600)
}
