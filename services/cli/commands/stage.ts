import type { Command } from 'commander'
import { connectionFrom } from '../connection.ts'
import { type Common, type Context, tell, withProgress } from '../context.ts'
import { CliError, EXIT } from '../errors.ts'
import { bringToStage, followPin, showStage, stageFacts, stageWish, unpin, wishFacts } from '../stage.ts'

interface Options extends Common {
  pin?: string
  unpin?: string
  project?: string
  wait?: boolean
}

/** The command on copies near the readers. */
export function addStage(program: Command, context: Context): void {
  program
    .command('stage')
    .description('bring slides, or a project, near their readers and keep them there; without options: what is there')
    .argument('[ids...]', 'ids of slides')
    .option('--pin <name>', 'bring them and keep them under this name, that of a campaign for one')
    .option('--project <name>', 'all slides of a project')
    .option('--wait', 'wait until they are there')
    .option('--unpin <name>', 'keep them no longer')
    .action(async (ids: string[], _own: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const connection = await connectionFrom(context.environment)
      if (options.unpin !== undefined) {
        await unpin(connection, options.unpin)
        return tell(context, options, { unpinned: options.unpin }, `${options.unpin} keeps nothing any more`)
      }
      if (options.pin === undefined) {
        if (ids.length > 0 || options.project !== undefined) {
          throw new CliError('usage', 'What is brought to the stage needs a name: --pin NAME', EXIT.usage)
        }
        const view = await showStage(connection)
        return tell(context, options, view, stageFacts(view))
      }
      const { pin } = options
      const wish = stageWish(ids, options.project)
      await withProgress(context, options, async progress => {
        const answer = await bringToStage(connection, pin, wish)
        const onStep = (staged: number, wanted: number): void => progress.step(pin, 'staging', staged / wanted)
        if (options.wait) await followPin(connection, pin, { signal: context.signal, onStep })
        progress.done(pin, options.wait ? 'staged' : 'on the way')
        tell(context, options, answer, wishFacts(answer))
      })
    })
}
