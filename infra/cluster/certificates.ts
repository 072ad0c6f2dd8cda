/** Certificates of an authority of one's own, as Kubernetes keeps them. */
import { readFile } from 'node:fs/promises'
import type { Certificates } from '@coverslip/platform/tls.ts'

/** A Secret with the keys that cert-manager gives it: `ca.crt`, `tls.crt`, `tls.key`. */
export async function certificateSecret(namespace: string, name: string, files: Certificates): Promise<object> {
  const [ca, cert, key] = await Promise.all(
    [files.caFile, files.certFile, files.keyFile].map(file => readFile(file, 'utf8')),
  )
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    type: 'kubernetes.io/tls',
    stringData: { 'ca.crt': ca, 'tls.crt': cert, 'tls.key': key },
  }
}
