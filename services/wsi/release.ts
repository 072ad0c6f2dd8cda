/**
 * Gives memory back at once. The garbage collector would wait until 64 MiB of it have gathered, since what it sees are a
 * few small objects. Nothing may look at the memory any more: all its views are empty behind this.
 */
export function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
