import { createReadStream, createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import type { Connection } from './connection.ts'
import { CliError, EXIT } from './errors.ts'
import { read, request, slidePath } from './http.ts'
import { writeNewFile } from './new-file.ts'

export type AnnotationFormat = 'imagescope' | 'asap' | 'geojson'

const ROUTES = {
  imagescope: { path: '/annotations.xml', type: 'application/xml' },
  asap: { path: '/annotations.asap.xml', type: 'application/xml' },
  geojson: { path: '/annotations.geojson', type: 'application/geo+json' },
} as const

const imported = z.object({ imported: z.number(), skipped: z.array(z.string()) })

/**
 * Adds the annotations of a file to a slide.
 * @returns how many were added, and why the others were not
 * @throws CliError when the file is neither XML nor JSON
 */
export async function importAnnotations(
  connection: Connection,
  id: string,
  path: string,
): Promise<z.infer<typeof imported>> {
  const { path: rest, type } = ROUTES[(await isXml(path)) ? 'imagescope' : 'geojson']
  const body = Readable.toWeb(createReadStream(path)) as ReadableStream
  return read(connection, slidePath(id, rest), imported, { method: 'POST', headers: { 'content-type': type }, body })
}

/** Writes a slide's annotations to a new file, or to `out` without a path. */
export async function exportAnnotations(
  connection: Connection,
  id: string,
  options: { format: AnnotationFormat; path?: string | undefined; force: boolean; out: Writable },
): Promise<void> {
  const response = await request(connection, slidePath(id, ROUTES[options.format].path))
  const body = Readable.fromWeb(response.body as import('node:stream/web').ReadableStream)
  if (options.path === undefined) return pipeline(body, options.out, { end: false })
  await writeNewFile(options.path, options, part => pipeline(body, createWriteStream(part)))
}

/** What `--format` or the file's extension asks for; GeoJSON unless told. @throws CliError (usage) for anything else */
export function formatAsked(format: string | undefined, path: string | undefined): AnnotationFormat {
  const asked = format ?? (path !== undefined && extname(path).toLowerCase() === '.xml' ? 'imagescope' : 'geojson')
  if (asked === 'imagescope' || asked === 'asap' || asked === 'geojson') return asked
  throw new CliError('usage', `There is no format "${asked}"; write imagescope, asap or geojson`, EXIT.usage)
}

/**
 * By content: XML begins with `<`, GeoJSON with `{` or, as QuPath's older exports, with `[`; in UTF-8 with or without its
 * mark, or UTF-16 (ImageScope's own).
 */
async function isXml(path: string): Promise<boolean> {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0)
    const start = buffer
      .subarray(0, bytesRead)
      .toString('latin1')
      .replace(/^(ï»¿|ÿþ|þÿ)/, '')
    const first = start.replaceAll('\0', '').trimStart()[0]
    if (first === '<') return true
    if (first === '{' || first === '[') return false
  } finally {
    await handle.close()
  }
  throw new CliError('unsupported', `${path} is neither ImageScope XML nor ASAP XML nor GeoJSON`)
}
