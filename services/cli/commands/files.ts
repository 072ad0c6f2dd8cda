import { type Command, InvalidArgumentError } from 'commander'
import { backup } from '../backup/backup.ts'
import { restore } from '../backup/restore.ts'
import { dataFolder } from '../connection.ts'
import { type Common, type Context, tell, withProgress } from '../context.ts'
import { convertFile } from '../convert.ts'
import { sizeText } from '../slides.ts'

/** Commands that need no server: they work on files of this machine. */
export function addFiles(program: Command, context: Context): void {
  addConvert(program, context)
  program
    .command('backup')
    .description('write everything under the data folder (COVERSLIP_DATA) into a tar file; Coverslip must be stopped')
    .argument('<file>', 'the tar file to write; it will hold patient data and keys')
    .option('--force', 'replace the file when it exists')
    .action(async (file: string, _own: unknown, command: Command) => {
      const options = command.optsWithGlobals<Common & { force?: boolean }>()
      const data = dataFolder(context.environment)
      await withProgress(context, options, async progress => {
        const onProgress = (bytes: number, total: number): void => progress.step(file, 'copying', bytes / total)
        const { signal } = context
        const { files, bytes } = await backup(data, file, { force: options.force ?? false, signal, onProgress })
        progress.done(file, 'written')
        tell(context, options, { file, files, bytes }, `${files} files, ${sizeText(bytes)}`)
        const database = context.environment.DATABASE_URL ?? ''
        if (/^postgres/.test(database)) progress.say('The database is PostgreSQL: back it up with pg_dump as well')
      })
    })
  program
    .command('restore')
    .description('bring a backup back, into an empty or missing data folder (COVERSLIP_DATA)')
    .argument('<file>', 'a tar file that `coverslip backup` wrote')
    .action(async (file: string, _own: unknown, command: Command) => {
      const options = command.optsWithGlobals<Common>()
      const data = dataFolder(context.environment)
      await withProgress(context, options, async progress => {
        const onProgress = (bytes: number, total: number): void => progress.step(file, 'restoring', bytes / total)
        const { files, bytes } = await restore(file, data, { signal: context.signal, onProgress })
        progress.done(file, 'restored')
        tell(context, options, { folder: data, files, bytes }, `${files} files, ${sizeText(bytes)} in ${data}`)
      })
    })
}

function addConvert(program: Command, context: Context): void {
  program
    .command('convert')
    .description('make the pyramid of a slide file, without any server')
    .argument('<in>', 'a slide file')
    .argument('<out>', 'the pyramid to write (BigTIFF)')
    .option('--quality <number>', 'JPEG quality, 1 to 100', wholeNumber(1, 100), 50)
    .option('--workers <number>', 'threads; default: one per core', wholeNumber(1, 256))
    .option('--force', 'replace the output when it exists')
    .action(async (input: string, output: string, _own: unknown, command: Command) => {
      const options = command.optsWithGlobals<Common & { quality: number; workers?: number; force?: boolean }>()
      await withProgress(context, options, async progress => {
        const made = await convertFile(input, output, {
          quality: options.quality,
          workers: options.workers,
          force: options.force ?? false,
          signal: context.signal,
          onProgress: fraction => progress.step(input, 'converting', fraction),
        })
        progress.done(input, 'converted')
        const { width, height, levels, bytes } = made
        const text = `${width} x ${height} in ${levels.length} levels, ${sizeText(bytes)}`
        tell(context, options, { file: output, ...made }, text)
      })
    })
}

const wholeNumber =
  (min: number, max: number) =>
  (value: string): number => {
    const number = Number(value)
    if (/^\d+$/.test(value) && number >= min && number <= max) return number
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`)
  }
