import type { IntakeSlide, Slide } from '@coverslip/proto/api.ts'
import type { Command } from 'commander'
import { exportAnnotations, formatAsked, importAnnotations } from '../annotations.ts'
import { comingTable, listComing } from '../coming.ts'
import { connectionFrom } from '../connection.ts'
import { type Common, type Context, tell, withProgress } from '../context.ts'
import { download, type Rendition } from '../download.ts'
import { CliError, EXIT } from '../errors.ts'
import { listSlides, showSlide, slideFacts, slideTable } from '../slides.ts'

/** Commands on slides that are there. */
export function addSlides(program: Command, context: Context): void {
  program
    .command('slides')
    .description(
      'list the slides, newest first, and those on their way in where you may see the intake; with --json one line of JSON each',
    )
    .option('-q, --q <text>', 'only slides whose name or pseudonyms contain this')
    .action(async (_own: unknown, command: Command) => {
      const options = command.optsWithGlobals<Common & { q?: string }>()
      const connection = await connectionFrom(context.environment)
      const slides: Slide[] = []
      const listed = new Set<string>()
      for await (const slide of listSlides(connection, options.q)) {
        listed.add(slide.id)
        if (options.json) tell(context, options, slide, '')
        else slides.push(slide)
      }
      const coming: IntakeSlide[] = []
      for await (const slide of listComing(connection, listed, options.q)) {
        if (options.json) tell(context, options, slide, '')
        else coming.push(slide)
      }
      if (options.json) return
      const lines = [
        ...(slides.length > 0 ? slideTable(slides) : []),
        ...(slides.length > 0 && coming.length > 0 ? [''] : []),
        ...(coming.length > 0 ? ['On their way in:', ...comingTable(coming)] : []),
      ]
      for (const line of lines) context.out.write(`${line}\n`)
      if (lines.length > 0) return
      context.screen.write(
        options.q
          ? 'No slides have this in their name or pseudonyms\n'
          : 'No slides; send some with: coverslip ingest FILE…\n',
      )
    })
  program
    .command('show')
    .description('show one slide')
    .argument('<id>', 'id of the slide')
    .action(async (id: string, _own: unknown, command: Command) => {
      const shown = await showSlide(await connectionFrom(context.environment), id)
      tell(context, command.optsWithGlobals(), shown, slideFacts(shown))
    })
  addDownload(program, context)
  addAnnotations(program, context)
}

function addDownload(program: Command, context: Context): void {
  program
    .command('download')
    .description('download a slide; an interrupted download is continued')
    .argument('<id>', 'id of the slide')
    .option('--rendition <rendition>', 'original (de-identified, in its own format) or pyramid', 'original')
    .option('-o, --output <file>', 'default: the name that the server gives it')
    .option('--force', 'replace the file when it exists')
    .action(async (id: string, _own: unknown, command: Command) => {
      type Options = Common & { rendition: Rendition; output?: string; force?: boolean }
      const options = command.optsWithGlobals<Options>()
      if (options.rendition !== 'original' && options.rendition !== 'pyramid') {
        throw new CliError('usage', 'The renditions are original and pyramid', EXIT.usage)
      }
      const connection = await connectionFrom(context.environment)
      await withProgress(context, options, async progress => {
        const path = await download(connection, id, {
          rendition: options.rendition,
          path: options.output,
          force: options.force ?? false,
          signal: context.signal,
          onProgress: (bytes, total) => progress.step(id, 'downloading', total ? bytes / total : undefined),
        })
        progress.done(id, 'downloaded')
        tell(context, options, { id, file: path }, path)
      })
    })
}

function addAnnotations(program: Command, context: Context): void {
  const annotations = program.command('annotations').description('import and export annotations')
  annotations
    .command('import')
    .description('add the annotations of an ImageScope XML, ASAP XML or GeoJSON file (told by its content) to a slide')
    .argument('<id>', 'id of the slide')
    .argument('<file>', 'ImageScope XML, ASAP XML or GeoJSON')
    .action(async (id: string, file: string, _own: unknown, command: Command) => {
      const connection = await connectionFrom(context.environment)
      const result = await importAnnotations(connection, id, file)
      const skipped = result.skipped.map(reason => `skipped: ${reason}`)
      tell(context, command.optsWithGlobals(), result, [`${result.imported} imported`, ...skipped])
    })
  annotations
    .command('export')
    .description('write the annotations of a slide to a file, or to standard output')
    .argument('<id>', 'id of the slide')
    .option('--format <format>', "imagescope, asap or geojson; default: by the file's extension, else geojson")
    .option('-o, --output <file>', 'a new file')
    .option('--force', 'replace the file when it exists')
    .action(async (id: string, _own: unknown, command: Command) => {
      const options = command.optsWithGlobals<Common & { format?: string; output?: string; force?: boolean }>()
      const format = formatAsked(options.format, options.output)
      const connection = await connectionFrom(context.environment)
      const { output: path, force = false } = options
      await exportAnnotations(connection, id, { format, path, force, out: context.out })
      if (path !== undefined) tell(context, options, { id, file: path, format }, path)
    })
}
