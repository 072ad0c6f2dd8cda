import { ServiceError } from '@coverslip/platform/errors.ts'
import { uuid } from '@coverslip/proto/api.ts'
import { z } from 'zod'

/** A path inside a set: relative, forward slashes, no way out, no empty part. */
const relativePath = z
  .string()
  .max(1000)
  .refine(path => isRelative(path), 'expected a relative path without . and ..')

const name = z
  .string()
  .min(1)
  .max(255)
  .refine(text => !hasControls(text), 'expected a file name')

const schema = z
  .object({
    filename: name,
    project: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'expected letters, digits, _ and -')
      .default('default'),
    set: uuid.optional(),
    path: relativePath.optional(),
    setSize: z.coerce.number().int().min(1).optional(),
  })
  .refine(({ set, path, setSize }) => (set === undefined) === (path === undefined && setSize === undefined), {
    message: 'set, path and setSize belong together',
  })
  .refine(({ set, path, setSize }) => set === undefined || (path !== undefined && setSize !== undefined), {
    message: 'set, path and setSize belong together',
  })

/** What a client says of a file that it is about to upload. */
export interface UploadMetadata {
  /** As the scanner or the uploader named it. May identify a patient. */
  filename: string
  project: string
  /** The slide of several files that this one belongs to. */
  set: { id: string; path: string; size: number } | null
}

/**
 * Reads tus' Upload-Metadata: pairs of a key and a base64 value, separated by commas.
 * @throws ServiceError `invalid` that names each wrong key, never a value
 */
export function parseUploadMetadata(header: string | undefined): UploadMetadata {
  const result = schema.safeParse(decodePairs(header ?? ''))
  if (!result.success) {
    const details = result.error.issues.map(({ path, message }) => `${path.join('.') || 'Upload-Metadata'}: ${message}`)
    throw new ServiceError('invalid', 'The Upload-Metadata of the upload is wrong', { details: [...new Set(details)] })
  }
  const { filename, project, set, path, setSize } = result.data
  const inSet = set !== undefined && path !== undefined && setSize !== undefined
  return { filename, project, set: inSet ? { id: set, path, size: setSize } : null }
}

function decodePairs(header: string): Record<string, string> {
  const pairs = header.split(',').map(pair => pair.trim().split(' '))
  return Object.fromEntries(
    pairs
      .filter(([key]) => key !== '')
      .map(([key, value]) => [key, Buffer.from(value ?? '', 'base64').toString('utf8')]),
  )
}

const hasControls = (text: string): boolean => /[\u0000-\u001f\u007f]/.test(text)

function isRelative(path: string): boolean {
  if (hasControls(path) || path.includes('\\') || /^[A-Za-z]:/.test(path)) return false
  return path.split('/').every(part => part !== '' && part !== '.' && part !== '..')
}
