/** Real servers for tests: each on a free port of the loopback, with its data in a temporary folder. */
import { execFile, spawn } from 'node:child_process'
import { createWriteStream, existsSync } from 'node:fs'
import { chmod, chown, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import type { Certificates } from '../tls.ts'
import { copyKey } from './authority.ts'
import { findProgram, requireProgram, startServer, type TestServer } from './process.ts'

export type { TestServer } from './process.ts'

const run = promisify(execFile)

/** Redis with its append-only file, so that a restart keeps what was written. @param tls wants callers' certificates as well */
export function startRedis(tls?: Certificates): Promise<TestServer> {
  const file = requireProgram('redis-server', 'redis-server')
  return startServer({
    title: 'Redis',
    url: port => `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    command: (port, folder) => ({
      file,
      args: [
        ...(tls ? ['--port', '0', '--tls-port'] : ['--port']),
        ...[`${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes'],
        ...(tls
          ? ['--tls-cert-file', tls.certFile, '--tls-key-file', tls.keyFile, '--tls-ca-cert-file', tls.caFile]
          : []),
      ],
    }),
    probe: port => (tls ? listens(port) : answers(port, 'PING\r\n')),
    signal: 'SIGTERM',
  })
}

/** NATS with JetStream. @param tls wants callers' certificates as well */
export function startNats(tls?: Certificates): Promise<TestServer> {
  const file = requireProgram('nats-server', 'nats-server')
  return startServer({
    title: 'NATS',
    url: port => `${tls ? 'tls' : 'nats'}://127.0.0.1:${port}`,
    command: (port, folder) => ({
      file,
      args: [
        ...['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', folder],
        ...(tls ? ['--tlsverify', '--tlscert', tls.certFile, '--tlskey', tls.keyFile, '--tlscacert', tls.caFile] : []),
      ],
    }),
    probe: port => answers(port),
    signal: 'SIGTERM',
  })
}

/**
 * PostgreSQL, run as the user `postgres` when this process is root (the server refuses root).
 * @param tls wants callers' certificates as well, and nothing but TLS
 */
export async function startPostgres(tls?: Certificates): Promise<TestServer> {
  const folders = await postgresFolders()
  const initdb = requireProgram('initdb', 'postgresql', folders)
  const file = requireProgram('postgres', 'postgresql', folders)
  const user = process.getuid?.() === 0 ? 'postgres' : undefined
  const sslOf = (folder: string): string[] =>
    tls
      ? [
          ...['-c', 'ssl=on', '-c', `ssl_cert_file=${tls.certFile}`, '-c', `ssl_ca_file=${tls.caFile}`],
          ...['-c', `ssl_key_file=${join(folder, 'server.key')}`],
        ]
      : []
  return startServer({
    title: 'PostgreSQL',
    url: port => `postgres://coverslip@127.0.0.1:${port}/postgres`,
    async prepare(folder) {
      const key = join(folder, 'server.key')
      const options = ['-D', join(folder, 'data'), '-U', 'coverslip', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8']
      const command = [initdb, ...options, '--no-sync']
      if (user !== undefined) {
        const [uid, gid] = await Promise.all([idOf('-u', user), idOf('-g', user)])
        await chown(folder, uid, gid)
        if (tls) await copyKey(tls.keyFile, key).then(() => chown(key, uid, gid))
        command.unshift('setpriv', '--reuid', user, '--regid', user, '--init-groups')
      } else if (tls) await copyKey(tls.keyFile, key)
      await run(command[0] as string, command.slice(1), { cwd: folder })
      if (tls)
        await writeFile(join(folder, 'data/pg_hba.conf'), 'hostssl all all 127.0.0.1/32 trust clientcert=verify-ca')
    },
    command: (port, folder) => ({
      file,
      // fsync guards against a power cut; the tests kill processes, which the page cache survives.
      args: [
        '-D',
        join(folder, 'data'),
        '-p',
        `${port}`,
        '-h',
        '127.0.0.1',
        '-k',
        folder,
        '-c',
        'fsync=off',
        ...sslOf(folder),
      ],
      ...(user === undefined ? {} : { user }),
    }),
    probe: tls ? listens : probePostgres,
    signal: 'SIGINT',
  })
}

/**
 * versitygw over a folder, from PATH or unpacked from the tools beside the repository.
 * @returns `missing`: why there is none; suites name it and are skipped.
 */
export async function startS3(tls?: Certificates): Promise<{ server: TestServer } | { missing: string }> {
  const file = await versitygw()
  if (file === undefined) return { missing: S3_MISSING }
  const server = await startServer({
    title: 'versitygw',
    url: port =>
      `s3://coverslip:test-secret@bucket?endpoint=${tls ? 'https' : 'http'}://127.0.0.1:${port}&region=us-east-1`,
    async prepare(folder) {
      await mkdir(join(folder, 'data'))
    },
    command: (port, folder) => ({
      file,
      args: [
        ...(tls ? ['--cert', tls.certFile, '--key', tls.keyFile] : []),
        ...['--port', `127.0.0.1:${port}`, 'posix', join(folder, 'data')],
      ],
      env: { ROOT_ACCESS_KEY: 'coverslip', ROOT_SECRET_KEY: 'test-secret' },
    }),
    probe: async port => {
      if (tls) await listens(port)
      else await fetch(`http://127.0.0.1:${port}/`)
    },
    signal: 'SIGTERM',
  })
  return { server }
}

const S3_MISSING = 'no S3 server: versitygw is neither on PATH nor in ../shared/tools/cluster/bin'

/** Whether startS3 can start a server; undefined when it can, the reason otherwise. For the titles of suites. */
export function s3Missing(): string | undefined {
  return findProgram('versitygw') === undefined && !existsSync(packedVersitygw()) ? S3_MISSING : undefined
}

function packedVersitygw(): string {
  const shared = process.env.COVERSLIP_SHARED ?? resolve(import.meta.dirname, '../../../../shared')
  return join(shared, 'tools/cluster/bin/versitygw.xz')
}

/** Unpacks once per machine: the file is 15 MB and the rename at the end lets several test files do so at once. */
async function versitygw(): Promise<string | undefined> {
  const found = findProgram('versitygw')
  if (found !== undefined) return found
  const packed = packedVersitygw()
  if (!existsSync(packed)) return undefined
  const folder = join(tmpdir(), 'coverslip-test-tools')
  const target = join(folder, `versitygw-${(await stat(packed)).size}`)
  if (existsSync(target)) return target
  await mkdir(folder, { recursive: true })
  const part = `${target}.${process.pid}`
  const xz = spawn(requireProgram('xz', 'xz-utils'), ['-dc', packed], { stdio: ['ignore', 'pipe', 'inherit'] })
  await pipeline(xz.stdout, createWriteStream(part))
  await chmod(part, 0o755)
  await rename(part, target)
  return target
}

/** Connects, and no more: what speaks TLS says nothing to strangers. */
function listens(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1', timeout: 1000 })
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', reject)
  })
}

/** Connects, sends `say`, and waits for the first byte. */
function answers(port: number, say?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1', timeout: 1000 })
    socket.once('connect', () => say !== undefined && socket.write(say))
    socket.once('data', data => {
      socket.destroy()
      // A Redis that still reads its file answers -LOADING.
      if (data.toString().startsWith('-')) reject(new Error('not ready'))
      else resolve()
    })
    socket.once('timeout', () => socket.destroy(new Error('no answer')))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed')))
  })
}

async function probePostgres(port: number): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'coverslip', database: 'postgres' })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
  } finally {
    await client.end()
  }
}

/** Debian keeps initdb and postgres off PATH, in a folder per version; the newest first. */
async function postgresFolders(): Promise<string[]> {
  const root = '/usr/lib/postgresql'
  const versions = await readdir(root).catch((): string[] => [])
  return versions.sort((a, b) => Number(b) - Number(a)).map(version => join(root, version, 'bin'))
}

async function idOf(flag: '-u' | '-g', user: string): Promise<number> {
  return Number((await run('id', [flag, user])).stdout)
}
