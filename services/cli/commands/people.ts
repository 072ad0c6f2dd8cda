import { role } from '@coverslip/proto/api.ts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { connectionFrom } from '../connection.ts'
import { type Context, tell } from '../context.ts'
import { read } from '../http.ts'

const invitation = z.object({ link: z.string(), mailed: z.boolean(), expiresAt: z.string() })
const made = z.object({ token: z.string(), info: z.object({ expiresAt: z.string() }) })

/** Commands on accounts and tokens. */
export function addPeople(program: Command, context: Context): void {
  program
    .command('invite')
    .description('invite somebody into a project; prints the one-time sign-in link')
    .argument('<email>', 'address of the account')
    .addOption(new Option('--role <role>', 'what they may do').choices(role.options).default('viewer'))
    .option('--project <name>', 'the project', 'default')
    .action(async (email: string, _own: unknown, command: Command) => {
      const asked = command.optsWithGlobals<{ role: string; project: string }>()
      const body = { email, role: asked.role, project: asked.project }
      const connection = await connectionFrom(context.environment)
      const invited = await read(connection, '/api/invitations', invitation, post(body))
      const mailed = invited.mailed ? ['a mail with it was sent'] : []
      tell(context, command.optsWithGlobals(), invited, [invited.link, ...mailed])
    })
  program
    .command('token')
    .description('make an API token of your own; it is shown once')
    .argument('<label>', 'what it is for')
    .option('--days <number>', 'how long it is valid, 1 to 366', days, 90)
    .action(async (label: string, _own: unknown, command: Command) => {
      const connection = await connectionFrom(context.environment)
      const body = { label, days: command.optsWithGlobals<{ days: number }>().days }
      const answer = await read(connection, '/api/tokens', made, post(body))
      tell(context, command.optsWithGlobals(), answer, answer.token)
    })
}

const post = (body: object) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

function days(value: string): number {
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= 1 && number <= 366) return number
  throw new InvalidArgumentError('expected 1 to 366')
}
