import { realpath, stat } from 'node:fs/promises'
import { CliError, EXIT } from './errors.ts'
import { refuseExisting } from './new-file.ts'

export interface ConvertFileOptions {
  quality: number
  workers?: number | undefined
  force: boolean
  signal?: AbortSignal | undefined
  onProgress?(fraction: number): void
}

/**
 * Makes the pyramid of a slide file.
 * @throws CliError when the output exists (without `force`) or is the input; SlideFileError when the input is no slide
 */
export async function convertFile(
  input: string,
  output: string,
  options: ConvertFileOptions,
): Promise<import('@coverslip/wsi/convert/index.ts').Converted> {
  await stat(input)
  if (await isSameFile(input, output)) {
    throw new CliError('usage', 'The output would replace the input; name another file', EXIT.usage)
  }
  await refuseExisting(output, options.force)
  // Loaded when needed: the image libraries take longer to load than most other commands run.
  const { convert } = await import('@coverslip/wsi/convert/index.ts')
  const { quality, workers, signal, onProgress } = options
  return convert(input, output, {
    quality,
    ...(workers !== undefined && { workers }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  })
}

/** Whether both paths lead to one file, by link or otherwise. */
async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(a), stat(b).catch(() => undefined)])
  if (other === undefined) return false
  return (one.ino === other.ino && one.dev === other.dev) || (await realpath(a)) === (await realpath(b))
}
