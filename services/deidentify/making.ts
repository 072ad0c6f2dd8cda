/** Makes the result of a slide: in its own format where there is a procedure for it, as a pyramid otherwise. */
import { join } from 'node:path'
import type { SlideDescription } from '@coverslip/wsi/slide.ts'
import { choicesOf, type DeidentifyOptions } from './options.ts'
import { type Deidentified, deidentifyInPlace, type InPlaceFormat, isInPlaceFormat } from './procedure/in-place.ts'
import { deidentifyByRewriting } from './procedure/rewrite.ts'
import { bytesOf, filesOfSlide } from './result-files.ts'

/** Formats that keep their file, and how its name ends. */
const EXTENSIONS: Readonly<Record<InPlaceFormat, string>> = {
  aperio: '.svs',
  'generic-tiff': '.tiff',
  hamamatsu: '.ndpi',
  mirax: '.mrxs',
}

export interface Made {
  rendition: 'original' | 'pyramid'
  /** Of the main file. */
  path: string
  result: Deidentified
}

/** @throws SlideFileError, VerificationError */
export async function make(
  sourcePath: string,
  folder: string,
  description: SlideDescription,
  options: DeidentifyOptions,
): Promise<Made> {
  const { name, signal, onProgress = () => {}, coding } = options
  const { format } = description
  const choices = choicesOf(options)
  if (isInPlaceFormat(format)) {
    const path = join(folder, `${name ?? 'original'}${EXTENSIONS[format]}`)
    const result = await deidentifyInPlace(sourcePath, path, { ...description, format }, signal, choices)
    if (result) return { rendition: 'original', path, result }
  }
  const path = join(folder, `${name ?? 'pyramid'}.tiff`)
  const facts = { description, bytes: await bytesOf(await filesOfSlide(sourcePath)) }
  const { redact = [] } = choices
  const running = { signal: signal ?? new AbortController().signal, onProgress, redact, coding }
  return { rendition: 'pyramid', path, result: await deidentifyByRewriting(sourcePath, path, facts, running) }
}
