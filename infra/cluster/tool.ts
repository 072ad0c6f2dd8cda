/**
 * Which cluster the tests run on: the one that KUBECONFIG names, or the one of the tool that COVERSLIP_CLUSTER names, by default
 * `../shared/tools/cluster/cluster` beside the repository. The tool knows `up`, `down`, `load ARCHIVE`, `image` and `env`.
 */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'

const ROOT = resolve(import.meta.dirname, '../..')

/** The tool's path; undefined when there is none. */
export function clusterTool(): string | undefined {
  const tool = process.env.COVERSLIP_CLUSTER ?? resolve(ROOT, '../shared/tools/cluster/cluster')
  return existsSync(tool) ? tool : undefined
}

let environment: NodeJS.ProcessEnv | undefined

/** The environment of kubectl and helm: the tool's where there is one, with its programs on PATH. */
export function clusterEnvironment(): NodeJS.ProcessEnv {
  environment ??= { ...process.env, ...fromTool() }
  return environment
}

function fromTool(): NodeJS.ProcessEnv {
  const tool = clusterTool()
  if (!tool) return {}
  const told = execFileSync('sh', ['-c', 'eval "$("$0" env)"; printf "%s\\n%s" "$KUBECONFIG" "$PATH"', tool]).toString()
  const [config, path] = told.split('\n')
  return { PATH: path, KUBECONFIG: process.env.KUBECONFIG ?? config }
}

/** Why nothing can be tried on a cluster; undefined when it can. For the titles of suites. */
export function clusterMissing(): string | undefined {
  const env = clusterEnvironment()
  if (!env.KUBECONFIG) return 'no cluster: neither KUBECONFIG nor COVERSLIP_CLUSTER is set'
  try {
    execFileSync('kubectl', ['get', '--raw', '/readyz'], { env, stdio: 'ignore', timeout: 20_000 })
    execFileSync('helm', ['version'], { env, stdio: 'ignore' })
    return undefined
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? `${path ?? 'kubectl or helm'} is not on PATH` : `no cluster answers at ${env.KUBECONFIG}`
  }
}

/** Runs a program with the cluster's environment. @throws Error with what it said */
export async function ran(program: string, args: readonly string[], input?: string): Promise<string> {
  const running = promisify(execFile)(program, [...args], { env: clusterEnvironment(), maxBuffer: 1 << 28 })
  running.child.stdin?.on('error', () => {})
  running.child.stdin?.end(input)
  return running.then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }) => {
      throw new Error(`${program} ${args.slice(0, 6).join(' ')}: ${stderr || stdout}`)
    },
  )
}

export const kubectl = (...args: string[]): Promise<string> => ran('kubectl', args)
export const helm = (...args: string[]): Promise<string> => ran('helm', args)
/** Objects as the API server has them after `kubectl apply`. */
export const apply = (objects: object[]): Promise<string> =>
  ran('kubectl', ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
