import type { Command } from 'commander'
import { connectionFrom } from '../connection.ts'
import { type Common, type Context, tell, withProgress } from '../context.ts'
import { PartialFailure } from '../errors.ts'
import {
  beginWithdrawal,
  findSubject,
  followWithdrawal,
  type ManifestResult,
  manifestFacts,
  mustBeMeant,
  sendManifest,
  withdrawalFacts,
} from '../subjects.ts'

/** Commands on subjects and their consents. */
export function addSubjects(program: Command, context: Context): void {
  program
    .command('manifest')
    .description('tell whose material files are, and what may be done with it: CSV with at least the column "file"')
    .argument('<file>', 'the manifest')
    .option('--project <name>', 'the project that the files belong to')
    .action(async (file: string, _own: unknown, command: Command) => {
      const options = command.optsWithGlobals<Common & { project?: string }>()
      const result = await sendManifest(await connectionFrom(context.environment), file, options.project)
      tell(context, options, result, manifestFacts(result))
      refuseQuietly(result)
    })
  program
    .command('withdraw')
    .description("withdraw a subject's consent: every slide, copy and annotation is erased; waits for the proof")
    .argument('<subject>', 'pseudonym or id of the subject')
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .option('--yes', 'really erase')
    .option('--no-wait', 'do not wait for the proof')
    .action(async (named: string, _own: unknown, command: Command) => {
      type Options = Common & { reason: string; yes?: boolean; wait: boolean }
      const options = command.optsWithGlobals<Options>()
      const connection = await connectionFrom(context.environment)
      const subject = await findSubject(connection, named)
      mustBeMeant(subject, options.yes ?? false)
      await withProgress(context, options, async progress => {
        const { pseudonym } = subject
        const onStep = (answered: number, wanted: number): void =>
          progress.step(pseudonym, 'erasing', wanted ? answered / wanted : 1)
        const begun = await beginWithdrawal(connection, subject.id, options.reason)
        const shown = options.wait
          ? await followWithdrawal(connection, begun, { signal: context.signal, onStep })
          : begun
        progress.done(pseudonym, shown.state === 'done' ? 'erased' : 'being erased')
        tell(context, options, shown, withdrawalFacts(shown))
      })
    })
}

/** The lines were told one by one. @throws PartialFailure when some were refused */
export function refuseQuietly({ refusedLines, lines }: ManifestResult): void {
  if (refusedLines > 0) throw new PartialFailure('manifest-refused', `${refusedLines} of ${lines} lines were refused`)
}
