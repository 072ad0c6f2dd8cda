import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openPromise } from 'yauzl'
import { crcOf, layOutZip, readZip } from './zip.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-zip-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const FILES: Record<string, Buffer> = {
  'slide.mrxs': randomBytes(1000),
  'slide/Slidedat.ini': Buffer.from('[GENERAL]\r\n'),
  'slide/Data0000.dat': randomBytes(70_000),
  'slide/empty.dat': Buffer.alloc(0),
}
const contents = Object.values(FILES)
const layout = layOutZip(
  Object.entries(FILES).map(([name, bytes]) => ({ name, size: bytes.length, crc: crc32(bytes) })),
)
const read = (offset: number, length: number): Promise<Buffer> =>
  buffer(
    readZip(layout, { offset, length }, async (file, range) =>
      Readable.from([contents[file]!.subarray(range.offset, range.offset + range.length)]),
    ),
  )

it('is unpacked by others, as long as it said it would be', async () => {
  const path = join(folder, 'slide.zip')
  const bytes = await read(0, layout.size)
  expect(bytes.length).toBe(layout.size)
  await writeFile(path, bytes)
  const zip = await openPromise(path)
  const unpacked: Record<string, Buffer> = {}
  for await (const entry of zip.eachEntry()) {
    unpacked[String(entry.fileName)] = await buffer(await zip.openReadStreamPromise(entry))
  }
  expect(unpacked).toEqual(FILES)
})

it('gives any range as the whole has it', async () => {
  const whole = await read(0, layout.size)
  for (const [offset, length] of [
    [0, 1],
    [20, 1030],
    [1000, 200],
    [5000, 60_000],
    [layout.size - 30, 30],
  ] as const) {
    expect(await read(offset, length)).toEqual(whole.subarray(offset, offset + length))
  }
})

it('counts the check sums of streams', async () => {
  expect(await crcOf(Readable.from([contents[2]!.subarray(0, 9), contents[2]!.subarray(9)]))).toBe(crc32(contents[2]!))
})

it('tells of files behind 4 GiB by long numbers', async () => {
  const size = 5 * 1024 ** 3
  const large = layOutZip([
    { name: 'a/Data0000.dat', size, crc: 1 },
    { name: 'a/Index.dat', size: 10, crc: 2 },
  ])
  // A file of that length with holes: only headers and directory are written.
  const path = join(folder, 'large.zip')
  const tail = large.parts.at(-1) as { bytes: Buffer }
  await writeFile(path, Buffer.alloc(0))
  await using file = await open(path, 'r+')
  await file.write(tail.bytes, 0, tail.bytes.length, large.size - tail.bytes.length)
  const zip = await openPromise(path)
  const entries: [string, number, number][] = []
  for await (const { fileName, uncompressedSize, relativeOffsetOfLocalHeader } of zip.eachEntry()) {
    entries.push([String(fileName), uncompressedSize, relativeOffsetOfLocalHeader])
  }
  expect(entries.map(([name, bytes]) => [name, bytes])).toEqual([
    ['a/Data0000.dat', size],
    ['a/Index.dat', 10],
  ])
  expect(entries[1]![2]).toBeGreaterThan(size)
})
