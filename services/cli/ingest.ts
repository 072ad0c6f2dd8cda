/** Sends slides and, when asked, waits until they can be seen. */
import { type Board, createBoard } from './board.ts'
import type { Connection, Environment } from './connection.ts'
import { CliError, toCliError } from './errors.ts'
import { followSlide } from './follow.ts'
import type { Progress } from './progress.ts'
import { findSlides, readable, type SlideSource } from './sources.ts'
import { forgetOldUploads, unfinishedUploads } from './unfinished.ts'
import { uploadSlide } from './upload.ts'

/** One line of the result. `id` is missing when the slide never reached the server. */
export interface IngestResult {
  id?: string
  file: string
  state: 'received' | 'ready' | 'duplicate' | 'failed'
  reason?: string
}

export interface IngestOptions {
  project?: string | undefined
  /** Follow each slide until it is ready or failed. */
  wait: boolean
  signal?: AbortSignal | undefined
  progress: Progress
  onResult(result: IngestResult): void
  /** Says where unfinished uploads are remembered; without it they are not. */
  environment?: Environment | undefined
}

/**
 * Ingests all slides of the files and folders; one that fails does not stop the others.
 * @returns one result per slide and per unusable path
 * @throws CliError when nothing can be ingested at all because nobody answers or the token is refused
 */
export async function ingest(
  connection: Connection,
  paths: readonly string[],
  options: IngestOptions,
): Promise<IngestResult[]> {
  if (options.environment) await forgetOldUploads(options.environment)
  const { slides, unusable } = await findSlides(paths)
  const results: IngestResult[] = []
  const tell = (result: IngestResult): void => {
    results.push(result)
    options.progress.done(result.file, resultText(result))
    options.onResult(result)
  }
  for (const { path, reason } of unusable) tell({ file: path, state: 'failed', reason })
  const following: Promise<void>[] = []
  const board = createBoard(connection, { signal: options.signal })
  try {
    for (const slide of slides) {
      const sent = await sendSlide(connection, slide, options)
      if (sent.state === 'failed' || !options.wait) tell(sent)
      else following.push(waitFor(board, sent, options).then(tell))
    }
  } finally {
    await Promise.all(following)
  }
  return results
}

/** A result in words. */
export function resultText({ state, reason }: IngestResult): string {
  const words = state === 'duplicate' ? 'already there' : state
  return reason ? `${words}: ${reason}` : words
}

/** Uploads one slide. Only what concerns every slide (no server, no valid token) is thrown. */
export async function sendSlide(
  connection: Connection,
  slide: SlideSource,
  options: Pick<IngestOptions, 'project' | 'signal' | 'progress' | 'environment'>,
): Promise<IngestResult & { state: 'received' | 'failed' }> {
  const bytes = slide.files.reduce((sum, file) => sum + file.bytes, 0)
  const onProgress = (sent: number): void => options.progress.step(slide.path, 'uploading', bytes ? sent / bytes : 1)
  onProgress(0)
  try {
    const target = { url: connection.intakeUrl, token: connection.token }
    const { project, signal, environment } = options
    const unfinished = environment && unfinishedUploads(environment, { url: target.url, project, source: slide })
    const onWait = (): void => options.progress.step(slide.path, 'waiting for the server', bytes ? 0 : 1)
    return {
      id: await uploadSlide(target, slide, { project, signal, onProgress, onWait, unfinished }),
      file: slide.path,
      state: 'received',
    }
  } catch (error) {
    if (options.signal?.aborted) throw error
    if (error instanceof CliError) {
      if (error.exitCode !== 1) throw error
      return { file: slide.path, state: 'failed', reason: error.message }
    }
    return { file: slide.path, state: 'failed', reason: readable(error) }
  }
}

/** Follows one slide that was sent; whatever goes wrong becomes its result. */
export async function waitFor(
  board: Board,
  sent: IngestResult,
  options: Pick<IngestOptions, 'signal' | 'progress'>,
): Promise<IngestResult> {
  const onStep = (step: string, fraction?: number): void => options.progress.step(sent.file, step, fraction)
  try {
    return { ...sent, ...(await followSlide(board, sent.id!, { signal: options.signal, onStep })) }
  } catch (error) {
    return { ...sent, state: 'failed', reason: toCliError(error).message }
  }
}
