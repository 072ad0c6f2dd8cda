/** Ports for the servers of tests, given out to one test process each for as long as it lives. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Below the ports that Linux gives to outgoing connections and to `listen(0)` (from 32768 on) and to Kubernetes' node ports
 * (from 30000): whatever else runs meanwhile does not get one between the choice of a port and the start of its server.
 */
const FIRST = 12_000
const LAST = 29_999
/** A service that is told its port takes the two after it for its metrics and its calls. */
const STEP = 4
/** One file for each port in use, with the id of the process that uses it; a folder for each user, who may write no other's. */
const FOLDER = join(tmpdir(), `coverslip-test-ports-${process.getuid?.() ?? 'all'}`)

const own = new Set<number>()

/** A TCP port of the loopback that nobody listens on and no other test process is given. @throws Error when all are taken */
export async function freePort(first = FIRST, last = LAST): Promise<number> {
  const slots = Math.floor((last - first) / STEP) + 1
  const start = Math.floor(Math.random() * slots)
  // Twice round: the first look at what a killed process left only clears it away.
  for (let i = 0; i < 2 * slots; i++) {
    const port = first + STEP * ((start + i) % slots)
    if (!reserve(port)) continue
    if (await isFree(port)) return port
    release(port)
  }
  throw new Error(`no port of the loopback is free from ${first} to ${last}; see ${FOLDER}`)
}

/** @returns false when a process that lives has the port */
function reserve(port: number): boolean {
  mkdirSync(FOLDER, { recursive: true })
  const file = join(FOLDER, String(port))
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // What a killed process left is free from the next look on: two could take it over at once here.
    if (!lives(file)) rmSync(file, { force: true })
    return false
  }
  if (own.size === 0) {
    process.once('exit', () => {
      for (const one of own) release(one)
    })
  }
  own.add(port)
  return true
}

function lives(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    // Empty: its owner is about to write its id.
    if (pid > 0) process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function release(port: number): void {
  rmSync(join(FOLDER, String(port)), { force: true })
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise(resolve => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
