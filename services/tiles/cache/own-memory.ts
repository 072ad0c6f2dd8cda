/** Bytes that stay must keep no others: those that an answer of Redis or of a store came in, or neighbours in Buffer's pool. */
export function inOwnMemory(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}
