/**
 * JSON schemas of other projects' kinds, from their definitions (CRDs) in the projects' Go modules. What Kubernetes checks
 * beyond a schema (CEL rules) is not in them.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export const CRD_SOURCES: readonly (readonly [module: string, file: string])[] = [
  ['sigs.k8s.io/gateway-api@v1.4.0', 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml'],
  ['github.com/kedacore/keda/v2@v2.17.0', 'config/crd/bases/keda.sh_scaledobjects.yaml'],
  ['github.com/external-secrets/external-secrets@v1.3.2', 'config/crds/bases/external-secrets.io_externalsecrets.yaml'],
  ['github.com/cert-manager/cert-manager@v1.21.2', 'deploy/crds/cert-manager.io_certificates.yaml'],
  ...['podmonitors', 'prometheusrules'].map((name): [string, string] => [
    'github.com/prometheus-operator/prometheus-operator@v0.82.0',
    `example/prometheus-operator-crd/monitoring.coreos.com_${name}.yaml`,
  ]),
]

interface Definition {
  spec: {
    group: string
    names: { kind: string }
    versions: { name: string; schema: { openAPIV3Schema: Json } }[]
  }
}
type Json = Record<string, unknown>

/** The text of a definition, from Go's own cache of modules or the proxy. @throws Error when Go is not there or cannot fetch it */
export function crdText(module: string, file: string): string {
  const told = execFileSync('go', ['mod', 'download', '-json', module], { stdio: ['ignore', 'pipe', 'ignore'] })
  return readFileSync(join(JSON.parse(told.toString()).Dir, file), 'utf8')
}

/** Writes a schema for each version of each kind, named as kubeconform asks for it; none when Go is not there. */
export function writeCrdSchemas(folder: string): void {
  for (const [module, file] of CRD_SOURCES) {
    try {
      const { spec } = parse(crdText(module, file)) as Definition
      for (const { name, schema } of spec.versions) {
        const title = `${spec.names.kind}-${spec.group.split('.')[0]}-${name}.json`.toLowerCase()
        writeFileSync(join(folder, title), JSON.stringify(closed(schema.openAPIV3Schema)))
      }
    } catch {
      // Objects of this kind are then counted as skipped.
    }
  }
}

/** A schema that refuses what it does not list, as the API server prunes it; `metadata` is Kubernetes' own. */
export function closed(schema: Json, at: readonly string[] = []): Json {
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (Array.isArray(value) || typeof value !== 'object' || value === null) return [key, value]
      return [key, closed(value as Json, [...at, key])]
    }),
  )
  const isSchema = at.at(-1) !== 'properties' || at.at(-2) === 'properties'
  const open = 'additionalProperties' in schema || schema['x-kubernetes-preserve-unknown-fields'] === true
  if (!isSchema || typeof schema.properties !== 'object' || open) return inner
  return { ...inner, additionalProperties: false }
}
