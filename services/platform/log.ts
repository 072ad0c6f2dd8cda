/** Logs: one JSON line an event, with the trace's ids. What a line may hold is the caller's duty: never a name of a source. */
import { mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Logger, pino } from 'pino'
import { toServiceError } from './errors.ts'
import { activeTrace } from './telemetry.ts'

export type Log = Logger

/**
 * @param options.level pino's level
 * @param options.destination a file path, or empty for standard output
 */
export function openLog(options: { service: string; level: string; destination?: string | undefined }): Log {
  return pino(
    {
      level: options.level,
      base: { service: options.service },
      mixin: () => activeTrace() ?? {},
      serializers: { err: describeError },
      redact: {
        paths: ['req', 'headers', 'authorization', 'cookie', 'token', '*.authorization', '*.cookie', '*.token'],
        remove: true,
      },
    },
    options.destination ? pino.destination({ fd: openAtOnce(options.destination), sync: false }) : pino.destination(1),
  )
}

/**
 * pino would open the file a moment later, and a process that ends before, since a key is wrong, would end with pino's
 * error instead of ours.
 */
function openAtOnce(path: string): number {
  mkdirSync(dirname(path), { recursive: true })
  return openSync(path, 'a', 0o600)
}

/** Code, class and stack: the message of a foreign error may quote a path or a value, so only our own is written. */
function describeError(error: unknown): object {
  const known = toServiceError(error)
  const cause = known.cause ?? error
  return {
    code: known.code,
    message: known.publicMessage,
    cause:
      cause instanceof Error
        ? { type: cause.name, code: (cause as { code?: string }).code, stack: frames(cause) }
        : typeof cause,
  }
}

/** The stack without its first line, which repeats the message. */
function frames(error: Error): string[] {
  return (error.stack ?? '')
    .split('\n')
    .filter(line => line.startsWith('    at '))
    .slice(0, 12)
    .map(line => line.trim())
}
