import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './ports.ts'

/** A real server that a test started; its data lives in a temporary folder until `stop`. */
export interface TestServer {
  readonly url: string
  /** Of the process that runs now. */
  pid(): number
  /** SIGKILL; the data stays and `restart` brings the server back. */
  kill(): Promise<void>
  /** Stops the server in good order when it runs, and starts it again on the same port with the same data. */
  restart(): Promise<void>
  /** Freezes the process: connections stay open and nothing answers, as behind a broken network. */
  pause(): void
  resume(): void
  /** Stops the server and removes its data. */
  stop(): Promise<void>
}

/** How to start one server. */
export interface ServerSpec {
  /** For messages: `PostgreSQL`. */
  title: string
  url(port: number): string
  /** The command to run, whenever it is started. */
  command(port: number, folder: string): { file: string; args: string[]; env?: NodeJS.ProcessEnv; user?: string }
  /** Makes the data folder ready, once. */
  prepare?(folder: string): Promise<void>
  /** Rejects as long as the server does not answer. */
  probe(port: number): Promise<void>
  /** The signal that stops it in good order; sent as well when this process dies. */
  signal: NodeJS.Signals
}

const START_TIMEOUT_MS = 180_000

/** The path of a program on PATH or in one of the further folders; undefined when there is none. */
export function findProgram(name: string, folders: string[] = []): string | undefined {
  return [...folders, ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
    .map(folder => join(folder, name))
    .find(path => existsSync(path))
}

/** Like findProgram. @throws Error that names the Debian package when the program is missing. */
export function requireProgram(name: string, aptPackage: string, folders: string[] = []): string {
  const path = findProgram(name, folders)
  if (path === undefined) throw new Error(`${name} is missing; install it with: apt-get install ${aptPackage}`)
  return path
}

/** Starts a server on a free port and waits until it answers. @throws Error with the server's output when it does not. */
export async function startServer(spec: ServerSpec): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-test-'))
  await spec.prepare?.(folder)
  const port = await freePort()
  let child = await launch(spec, port, folder)
  return {
    url: spec.url(port),
    pid: () => child.pid!,
    kill: () => end(child, 'SIGKILL'),
    async restart() {
      await end(child, spec.signal)
      child = await launch(spec, port, folder)
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGCONT')
      await end(child, spec.signal)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Starts the process again and again until the probe passes: after a SIGKILL PostgreSQL's orphaned backends hold the
 * data folder for a moment, and a port may be taken by a connection in TIME_WAIT.
 */
async function launch(spec: ServerSpec, port: number, folder: string): Promise<ChildProcess> {
  const deadline = Date.now() + START_TIMEOUT_MS
  let output = ''
  while (Date.now() < deadline) {
    const child = spawnBound(spec, port, folder)
    output = ''
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4000)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
      const answered = await spec.probe(port).then(
        () => true,
        () => false,
      )
      // Somebody else may have the port: then the child ends, and whoever answered is not it.
      if (answered && child.exitCode === null && child.signalCode === null) {
        child.once('exit', (code, signal) => {
          if (!ended.has(child)) console.error(`${spec.title} ended by itself (${signal ?? code}):\n${output}`)
        })
        return child
      }
      await sleep(50)
    }
    await end(child, 'SIGKILL')
    await sleep(200)
  }
  throw new Error(`${spec.title} did not start:\n${output}`)
}

/** Spawns the server so that the kernel stops it when this process dies, however that happens. */
function spawnBound(spec: ServerSpec, port: number, folder: string): ChildProcess {
  const { file, args, env, user } = spec.command(port, folder)
  const identity = user === undefined ? [] : ['--reuid', user, '--regid', user, '--init-groups']
  const setpriv = requireProgram('setpriv', 'util-linux')
  return spawn(setpriv, [...identity, '--pdeathsig', spec.signal.replace('SIG', ''), file, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Whose end was wanted. */
const ended = new WeakSet<ChildProcess>()

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  ended.add(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(timer)
}
