import { Command, CommanderError } from 'commander'
import { addDeidentify } from './commands/deidentify.ts'
import { addFiles } from './commands/files.ts'
import { addIngest } from './commands/ingest.ts'
import { addPeople } from './commands/people.ts'
import { addSlides } from './commands/slides.ts'
import { addStage } from './commands/stage.ts'
import { addSubjects } from './commands/subjects.ts'
import type { Context } from './context.ts'
import { EXIT, type ExitCode, PartialFailure, toCliError } from './errors.ts'
import packageFile from './package.json' with { type: 'json' }

const EXPLAINED = `
Environment:
  COVERSLIP_URL         the server (http://localhost:8080)
  COVERSLIP_INTAKE_URL  the on-prem server that takes slides in (the same)
  COVERSLIP_TOKEN       API token; without it the owner's, from COVERSLIP_DATA/owner-token
  COVERSLIP_DATA        the data folder (./data)

Exit codes: 0 all done; 1 something failed; 2 wrong usage; 3 no server, or not signed in`

/**
 * Runs one command line.
 * @param args without the program's own name
 * @returns the exit code; errors have been told on `context.screen`, with `--json` also as `{"error", "code"}` on `out`
 */
export async function runCommand(args: readonly string[], context: Context): Promise<ExitCode> {
  try {
    await createProgram(context).parseAsync([...args], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok
    if (error instanceof CommanderError) {
      // It has told the screen.
      if (args.includes('--json')) context.out.write(`${JSON.stringify({ error: error.message, code: 'usage' })}\n`)
      return EXIT.usage
    }
    if (context.signal.aborted) return EXIT.failed
    const told = toCliError(error)
    const { message, code, exitCode } = told
    context.screen.write(`${message}\n`)
    if (args.includes('--json') && !(told instanceof PartialFailure))
      context.out.write(`${JSON.stringify({ error: message, code })}\n`)
    return exitCode
  }
}

function createProgram(context: Context): Command {
  const program = new Command('coverslip')
    .description('Shares whole-slide images')
    .version(packageFile.version)
    .addHelpText('after', EXPLAINED)
    .showHelpAfterError('(coverslip --help, or coverslip COMMAND --help)')
  addIngest(program, context)
  addSlides(program, context)
  addSubjects(program, context)
  addStage(program, context)
  addPeople(program, context)
  addFiles(program, context)
  addDeidentify(program, context)
  settle(program, context)
  return program
}

/** What holds for every command alike: `--json`, where output goes, errors thrown instead of ending the process. */
function settle(command: Command, context: Context): void {
  command
    .option('--json', 'results as JSON lines')
    .exitOverride()
    .configureOutput({
      writeOut: text => context.out.write(text),
      writeErr: text => context.screen.write(text),
      getOutHelpWidth: () => context.screen.columns || 100,
      getErrHelpWidth: () => context.screen.columns || 100,
    })
  for (const sub of command.commands) settle(sub, context)
}
