/**
 * The shapes of Coverslip that the black-box suites run against: everything in one process on embedded defaults, one process
 * per service on NATS, Redis, PostgreSQL, S3 and an nginx front, and a release on a cluster. The code is the same; only
 * settings differ.
 */
import type { ServiceName } from '@coverslip/proto/services.ts'

export interface Shape {
  /** `one process`, `separate processes` or `a cluster`, for titles. */
  name: string
  /** The public address; intake has the same. */
  url: string
  /** The owner's API token. */
  token: string
  /** File of the key that signs tokens, to make ones that the system would never give out. */
  signingKey: string
  /** The log files of all processes. */
  logs: string[]
  /** Processes that can be killed: `all`, or each service. */
  processes: string[]
  /** For what the system's `/proc` says of a process. */
  pid(process: string): number
  /** SIGKILL. */
  kill(process: string): Promise<void>
  /** Starts a killed process again, or restarts a running one in good order; resolves when it is ready. */
  restart(process: string): Promise<void>
  /** The real servers behind it, by name; empty in one process. */
  servers: Partial<Record<'nats' | 'redis' | 'postgres' | 's3', { kill(): Promise<void>; restart(): Promise<void> }>>
  /** Files that hold what the process keeps: scanned for what must not be there. */
  folders: { data: string }
  /** What a store holds of a slide, by key. */
  objects(store: 'source' | 'original' | 'pyramid', slideId: string): Promise<Map<string, Buffer>>
  /** Every row of every table, events that are kept included where they are rows. In one process: it is down meanwhile. */
  dump(): Promise<string>
  /** The spans that the processes have sent so far. */
  spans(): Buffer
  stop(): Promise<void>
}

/** The process that runs a service in a shape. */
export const processOf = (shape: Shape, service: ServiceName): string => processesOf(shape, service)[0]!

/** All processes that run a service in a shape. */
export function processesOf(shape: Shape, service: ServiceName): string[] {
  const own = shape.processes.filter(process => process.replace(/-\d+$/, '') === service)
  return own.length > 0 ? own : ['all']
}
