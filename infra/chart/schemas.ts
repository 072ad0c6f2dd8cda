/**
 * Kubernetes' JSON schemas in a form that kubeconform reads without the network. The PyPI package kubernetes-validate
 * brings them for each release, but they refer to `/api/_definitions.json`, which kubeconform looks for on a server:
 * here each is made whole.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CRD_SOURCES, writeCrdSchemas } from './crds.ts'

const PACKAGE = 'kubernetes-validate==1.37.0'
export const KUBERNETES = '1.33.0'
const KINDS =
  /^(configmap|secret|service|serviceaccount|pod|persistentvolumeclaim)-v1\.json$|^(deployment|statefulset)-apps-v1\.json$|^(cron)?job-batch-v1\.json$|^(networkpolicy|ingress)-networking-v1\.json$|^poddisruptionbudget-policy-v1\.json$|^horizontalpodautoscaler-autoscaling-v2\.json$/

/** The folder of schemas, made once. @returns undefined when they are not there and cannot be fetched. */
export function schemaFolder(cache: string): string | undefined {
  const what = createHash('sha256').update(JSON.stringify([PACKAGE, KINDS.source, CRD_SOURCES]))
  const folder = join(cache, `kubernetes-schemas-${KUBERNETES}-${what.digest('hex').slice(0, 8)}`)
  if (existsSync(folder)) return folder
  const work = mkdtempSync(join(tmpdir(), 'coverslip-schemas-'))
  try {
    execFileSync('pip3', ['download', '--quiet', '--no-deps', '--dest', work, PACKAGE], { stdio: 'ignore' })
    const wheel = readdirSync(work).find(name => name.endsWith('.whl'))!
    execFileSync('python3', ['-m', 'zipfile', '-e', join(work, wheel), work])
    const from = join(work, `kubernetes_validate/kubernetes-json-schema/v${KUBERNETES}-local-strict`)
    mkdirSync(join(work, 'made'))
    const definitions = JSON.parse(readFileSync(join(from, '_definitions.json'), 'utf8'))
    for (const name of readdirSync(from).filter(one => KINDS.test(one))) {
      const whole = wholeSchema(
        JSON.parse(readFileSync(join(from, name), 'utf8')),
        definitions.$defs ?? definitions.definitions,
      )
      writeFileSync(join(work, 'made', name), JSON.stringify(whole))
    }
    writeCrdSchemas(join(work, 'made'))
    mkdirSync(cache, { recursive: true })
    execFileSync('cp', ['-r', join(work, 'made'), `${folder}.part`])
    renameSync(`${folder}.part`, folder)
    return folder
  } catch {
    return undefined
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

type Json = Record<string, unknown>

/** A schema with the definitions that it leads to, and references among themselves. */
export function wholeSchema(schema: Json, all: Record<string, Json>): Json {
  const definitions: Record<string, unknown> = {}
  const inward = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inward)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, inner]) => {
        if (key === '$schema' || key === '$id') return []
        if (key !== '$ref' || typeof inner !== 'string') return [[key, inward(inner)]]
        const name = inner.split('/').at(-1)!
        if (!(name in definitions)) {
          definitions[name] = true
          definitions[name] = inward(all[name])
        }
        return [[key, `#/definitions/${name}`]]
      }),
    )
  }
  return { ...(inward(schema) as Json), definitions }
}
