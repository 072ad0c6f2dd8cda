/** How the command ends; scripts rely on these numbers. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Why the command could not do what was asked: one sentence that says what to do. */
export class CliError extends Error {
  override readonly name: string = 'CliError'
  /** Stable, for scripts: the server's problem code or one of our own. */
  readonly code: string
  readonly exitCode: ExitCode
  constructor(code: string, message: string, exitCode: ExitCode = EXIT.failed, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.exitCode = exitCode
  }
}

/** Some of the work failed, and each failure has been told as a result of its own. */
export class PartialFailure extends CliError {
  override readonly name = 'PartialFailure'
}

/** Makes a CliError of anything thrown; errors of the slide library carry their own sentence. */
export function toCliError(error: unknown): CliError {
  if (error instanceof CliError) return error
  if (!(error instanceof Error)) return new CliError('internal', `Something unexpected happened: ${String(error)}`)
  const { code, publicMessage, path } = error as { code?: string; publicMessage?: string; path?: string }
  if (publicMessage !== undefined) return new CliError(code ?? 'failed', publicMessage, EXIT.failed, { cause: error })
  const reason = code === undefined ? undefined : fileReason(code)
  if (reason !== undefined) {
    return new CliError(code!.toLowerCase(), path ? `${path}: ${reason}` : reason, EXIT.failed, { cause: error })
  }
  return new CliError(code?.toLowerCase() ?? 'internal', error.message, EXIT.failed, { cause: error })
}

/** What a system error of a file means, in plain words; undefined for others. */
export function fileReason(code: string): string | undefined {
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file or folder',
    EACCES: 'it may not be read or written by you',
    EPERM: 'it may not be changed by you',
    EISDIR: 'it is a folder, not a file',
    ENOTDIR: 'a part of the path is a file, not a folder',
    ENOSPC: 'the disk is full',
    EDQUOT: 'your disk quota is used up',
    EROFS: 'the file system is read-only',
    EIO: 'the disk or the network share reports a read error',
  }
  return reasons[code]
}
