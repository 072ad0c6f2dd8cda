import { randomUUID } from 'node:crypto'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { describe, expect, it } from 'vitest'
import { parseUploadMetadata } from './upload-metadata.ts'

const encode = (pairs: Record<string, string>) =>
  Object.entries(pairs)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',')
const parse = (pairs: Record<string, string>) => parseUploadMetadata(encode(pairs))
const set = randomUUID()

describe('Upload-Metadata', () => {
  it('names a file of the default project', () => {
    expect(parse({ filename: 'Müller S24.svs' })).toEqual({ filename: 'Müller S24.svs', project: 'default', set: null })
  })

  it('names a file of a set', () => {
    const metadata = parse({ filename: 'Index.dat', project: 'paip', set, path: 'slide/Index.dat', setSize: '7' })
    expect(metadata).toMatchObject({ project: 'paip', set: { id: set, path: 'slide/Index.dat', size: 7 } })
  })

  it('takes keys that it does not know, as clients add their own', () => {
    expect(parse({ filename: 'a.svs', filetype: 'image/tiff', relativePath: 'null' }).filename).toBe('a.svs')
  })

  it.each(['../a', 'a/../b', '/etc/passwd', 'a//b', './a', 'a/', '', 'a\\..\\b', 'C:/a', 'a\0b'])(
    'refuses path %j',
    path => {
      expect(() => parse({ filename: 'a', set, path, setSize: '2' })).toThrow(ServiceError)
    },
  )

  it.each([
    {},
    { filename: '' },
    { filename: 'a\nb' },
    { filename: 'a', project: '../x' },
    { filename: 'a', set },
    { filename: 'a', set: 'mine', path: 'a', setSize: '2' },
    { filename: 'a', set, path: 'a', setSize: '0' },
    { filename: 'a', path: 'a' },
  ])('refuses %j', pairs => {
    expect(() => parse(pairs as Record<string, string>)).toThrow(ServiceError)
  })

  it('quotes no value when it refuses', () => {
    try {
      parse({ filename: 'Quillfeather.svs', project: 'Quill/feather' })
      expect.unreachable()
    } catch (error) {
      expect(JSON.stringify([error, (error as ServiceError).details])).not.toMatch(/Quill/)
    }
  })
})
