import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { ServiceError } from '../errors.ts'

/**
 * Takes a folder for this process alone. The lock is an abstract unix socket named after the real path: the kernel frees
 * it however the process ends, so no stale lock file is left (Linux only; one lock per network namespace, so containers
 * must not share the folder).
 * @throws ServiceError `conflict` that names the process that holds the folder.
 */
export async function lockFolder(folder: string): Promise<{ release(): Promise<void> }> {
  // Hashed, since a socket's name has at most 107 bytes.
  const name = `\0coverslip:${createHash('sha256')
    .update(await realpath(folder))
    .digest('hex')}`
  const server = createServer(socket => socket.on('error', () => {}).end(`${process.pid}\n`))
  try {
    await listen(server, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    const holder = await holderOf(name)
    throw new ServiceError('conflict', `The database folder is in use by process ${holder}; stop that one first`)
  }
  server.unref()
  return { release: () => new Promise<void>(resolve => server.close(() => resolve())) }
}

function listen(server: Server, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(name, resolve)
  })
}

/** The holder writes its process id to whoever connects; one that is stuck says nothing. */
async function holderOf(name: string): Promise<string> {
  const socket = connect(name)
  socket.setTimeout(2000, () => socket.destroy())
  const answer = await text(socket).catch(() => '')
  return answer.trim() || 'unknown'
}
