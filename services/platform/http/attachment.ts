/** What a browser saves an answer as. */

/** Longer names are cut by some file systems. */
const MAX_LENGTH = 120

/**
 * A Content-Disposition (RFC 6266) whose file name is safe in any shell and on any file system: letters, digits, `.`, `_`
 * and `-`, no dot or hyphen in front. Other characters become `_`.
 * @param fileName must not tell of a patient
 */
export function attachment(fileName: string): string {
  const safe = fileName.replaceAll(/[^A-Za-z0-9._-]/g, '_').replace(/^[.-]+/, '_')
  return `attachment; filename="${safe.slice(-MAX_LENGTH)}"`
}
