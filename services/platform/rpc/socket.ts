import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ServiceError } from '../errors.ts'

/** Linux takes 107 bytes for the path of a unix socket, macOS 103. */
const LONGEST = 103

export interface Socket {
  path: string
  /** Rejects when somebody removed the file: nobody new can connect then. */
  ready(): Promise<void>
  remove(): Promise<void>
}

/**
 * A place for the unix socket of this process: in its scratch folder, which is empty at the start (the file of a killed
 * process would make grpc-js fail with EADDRINUSE), or where that path is too long in a new folder of the system's.
 */
export async function openSocket(scratch: string): Promise<Socket> {
  const short = Buffer.byteLength(join(scratch, 'rpc.sock')) <= LONGEST
  const folder = short ? scratch : await mkdtemp(join(tmpdir(), 'coverslip-'))
  const path = join(folder, 'rpc.sock')
  return {
    path,
    async ready() {
      await stat(path).catch(cause => {
        throw new ServiceError('unavailable', 'The socket of this process is gone; restart it', { cause })
      })
    },
    remove: () => rm(short ? path : dirname(path), { recursive: true, force: true }),
  }
}
