/** Zips as people make them and as they are unpacked: by the tools of the system, or a library that is not ours. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { crc32, deflateRawSync } from 'node:zlib'
import { fromBufferPromise } from 'yauzl'

/** A zip (APPNOTE 6.3) of small files. */
export function zipOf(files: readonly { path: string; bytes: Buffer }[]): Buffer {
  const [locals, entries]: [Buffer[], Buffer[]] = [[], []]
  let offset = 0
  for (const { path, bytes } of files) {
    const packed = deflateRawSync(bytes, { level: 1 })
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(0x800, 2)
    fields.writeUInt16LE(8, 4)
    fields.writeUInt32LE(crc32(bytes), 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(bytes.length, 18)
    fields.writeUInt16LE(Buffer.byteLength(path), 22)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), fields, tail, Buffer.from(path)]))
    locals.push(Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(path), packed]))
    offset += locals.at(-1)!.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}

/** Unpacks a zip below a folder. @returns the paths in it */
export async function unzip(bytes: Buffer, folder: string): Promise<string[]> {
  const zip = await fromBufferPromise(bytes)
  const paths: string[] = []
  for await (const entry of zip.eachEntry()) {
    const path = String(entry.fileName)
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), await buffer(await zip.openReadStreamPromise(entry)))
    paths.push(path)
  }
  return paths
}
