import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CliError, EXIT } from './errors.ts'

/** Where Coverslip is and who asks. */
export interface Connection {
  /** Origin of the public API: slides, annotations, downloads. */
  url: string
  /** Origin of the intake API; the same server unless the two sites are apart. */
  intakeUrl: string
  token: string
}

export type Environment = Record<string, string | undefined>

/** The folder of all state: COVERSLIP_DATA, else `./data`. */
export const dataFolder = (environment: Environment): string => environment.COVERSLIP_DATA || './data'

/** What the command remembers between runs: the XDG state folder. */
export const stateFolder = (environment: Environment): string =>
  join(environment.XDG_STATE_HOME || join(environment.HOME || homedir(), '.local/state'), 'coverslip')

/**
 * The connection that the environment describes. Without COVERSLIP_TOKEN the owner's token that Coverslip leaves in its
 * data folder is used, so that the command works at once on the machine that runs it.
 * @throws CliError (exit code 3) when there is no token at all, (2) for an address that is none
 */
export async function connectionFrom(environment: Environment): Promise<Connection> {
  const url = origin('COVERSLIP_URL', environment.COVERSLIP_URL || 'http://localhost:8080')
  const intakeUrl = origin('COVERSLIP_INTAKE_URL', environment.COVERSLIP_INTAKE_URL || url)
  const token = environment.COVERSLIP_TOKEN?.trim() || (await ownerToken(join(dataFolder(environment), 'owner-token')))
  if (!token) {
    throw new CliError(
      'not-signed-in',
      'You are not signed in: set COVERSLIP_TOKEN to an API token (the slide list makes one under "API tokens")',
      EXIT.unreachable,
    )
  }
  return { url, intakeUrl, token }
}

function origin(name: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url && /^https?:$/.test(url.protocol)) return value.replace(/\/+$/, '')
  throw new CliError('usage', `${name} is no web address; write it as http://localhost:8080`, EXIT.usage)
}

async function ownerToken(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').then(
    text => text.trim(),
    () => undefined,
  )
}
