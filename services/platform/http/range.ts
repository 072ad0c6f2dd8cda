/** Downloads with Range (RFC 9110, section 14): one range, strong ETag, If-Range. */
import type { Readable } from 'node:stream'
import type { HttpAnswer, HttpCall } from '../module.ts'
import { attachment } from './attachment.ts'

export interface Download {
  size: number
  /** Strong, quoted. */
  etag: string
  type: string
  /** What the browser saves it as; must not tell of a patient. */
  fileName: string
  open(range: { offset: number; length: number }): Promise<Readable>
}

/** Answers 200, 206, 304 or 416. */
export async function rangeAnswer(call: HttpCall, file: Download): Promise<HttpAnswer> {
  const headers: Record<string, string> = {
    'accept-ranges': 'bytes',
    etag: file.etag,
    'cache-control': 'private, no-cache',
    'content-type': file.type,
    'content-disposition': attachment(file.fileName),
  }
  if (call.headers['if-none-match'] === file.etag) return { status: 304, headers }
  const ifRange = call.headers['if-range']
  const wanted = ifRange === undefined || ifRange === file.etag ? call.headers.range : undefined
  const range = parseRange(typeof wanted === 'string' ? wanted : undefined, file.size)
  if (range === 'beyond') {
    const detail = 'The range is beyond the end of the file'
    return {
      status: 416,
      headers: { 'content-range': `bytes */${file.size}`, 'content-type': 'application/problem+json' },
      body: JSON.stringify({ type: 'about:blank', title: 'Range not satisfiable', status: 416, detail, code: 'range' }),
    }
  }
  const { offset, length } = range ?? { offset: 0, length: file.size }
  headers['content-length'] = String(length)
  if (range) headers['content-range'] = `bytes ${offset}-${offset + length - 1}/${file.size}`
  const body = call.method === 'HEAD' || length === 0 ? Buffer.alloc(0) : await file.open({ offset, length })
  return { status: range ? 206 : 200, headers, body }
}

/** Undefined: no range, or one that is ignored (several ranges, another unit). */
export function parseRange(
  header: string | undefined,
  size: number,
): { offset: number; length: number } | 'beyond' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const [first, last] = [match[1]!, match[2]!]
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'beyond' : { offset: size - length, length }
  }
  const offset = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (offset >= size) return 'beyond'
  if (last !== '' && Number(last) < offset) return undefined
  return { offset, length: end - offset + 1 }
}
