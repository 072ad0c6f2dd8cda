/** Answers as multipart/form-data (RFC 7578), which programs read without a parser of their own: `response.formData()`. */

export type Part = { name: string } & ({ bytes: Buffer; type: string } | { text: string })

/** A part as it goes out; one with bytes is a file to whoever reads it, one with text a plain field. */
export function encodePart(boundary: string, part: Part): Buffer {
  const start = `--${boundary}\r\nContent-Disposition: form-data; name="${part.name}"`
  if ('text' in part) return Buffer.from(`${start}\r\n\r\n${part.text}\r\n`)
  const head = `${start}; filename="${part.name}"\r\nContent-Type: ${part.type}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), part.bytes, Buffer.from('\r\n')])
}

export const encodeEnd = (boundary: string): Buffer => Buffer.from(`--${boundary}--\r\n`)
