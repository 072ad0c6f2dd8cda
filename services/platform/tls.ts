/** Certificates: whom this process trusts, and what it shows of itself to other services. */
import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { type ChannelCredentials, experimental, type ServerCredentials } from '@grpc/grpc-js'
import { ConfigError } from './config.ts'
import type { PlatformConfig } from './settings.ts'

/** Files in PEM. They are read anew from time to time: certificates are renewed while processes run. */
export interface Certificates {
  caFile: string
  certFile: string
  keyFile: string
  /** Default a minute. */
  refreshMs?: number
}

const REFRESH_MS = 60_000

/**
 * The certificates between services, undefined where there are none.
 * @throws ConfigError for a part of them, or a file that cannot be read
 */
export function certificatesOf({
  TLS_CA_FILE: caFile,
  TLS_CERT_FILE: certFile,
  TLS_KEY_FILE: keyFile,
}: Pick<PlatformConfig, 'TLS_CA_FILE' | 'TLS_CERT_FILE' | 'TLS_KEY_FILE'>): Certificates | undefined {
  const files = { TLS_CA_FILE: caFile, TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }
  const unread = Object.entries(files).filter(([, file]) => file && !canRead(file))
  if (unread.length > 0) throw new ConfigError(unread.map(([name]) => `${name}: the file cannot be read`))
  if (!certFile && !keyFile) return undefined
  if (certFile && keyFile && caFile) return { caFile, certFile, keyFile }
  throw new ConfigError(['TLS_CERT_FILE: wants TLS_KEY_FILE and TLS_CA_FILE as well'])
}

function canRead(file: string): boolean {
  try {
    readFileSync(file)
    return true
  } catch {
    return false
  }
}

/** Lets every connection of this process trust these authorities, beside those that Node brings. */
export function trust(caFile: string): void {
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(caFile, 'utf8')])
}

const watched = ({ caFile, certFile, keyFile, refreshMs = REFRESH_MS }: Certificates) =>
  new experimental.FileWatcherCertificateProvider({
    caCertificateFile: caFile,
    certificateFile: certFile,
    privateKeyFile: keyFile,
    refreshIntervalMs: refreshMs,
  })

/** Shows our certificate, and wants one of the same authorities from whoever calls. */
export function serverCredentials(certificates: Certificates): ServerCredentials {
  const files = watched(certificates)
  return experimental.createCertificateProviderServerCredentials(files, files, true)
}

/** Shows our certificate; the callee's has to be of the same authorities and for the name by which it is called. */
export function channelCredentials(certificates: Certificates): ChannelCredentials {
  const files = watched(certificates)
  return experimental.createCertificateProviderChannelCredentials(files, files)
}
