import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bufferSource, openFile, pagedSource } from './byte-source.ts'
import type { ByteSource } from './slide.ts'

const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 31 + (i >> 9)) & 255))
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'byte-source-'))
  await writeFile(join(folder, 'file'), bytes)
})
afterAll(() => rm(folder, { recursive: true }))

const watched = (source: ByteSource) => {
  const ranges: [number, number][] = []
  const read: ByteSource['read'] = (offset, length, signal) => {
    ranges.push([offset, length])
    return source.read(offset, length, signal)
  }
  return { source: { size: source.size, read }, ranges }
}

describe('openFile', () => {
  it('reads exact ranges and refuses those past the end', async () => {
    const file = await openFile(join(folder, 'file'))
    expect(file.size).toBe(bytes.length)
    expect(await file.read(1000, 5000)).toEqual(bytes.subarray(1000, 6000))
    for (const [offset, length] of [
      [bytes.length, 1],
      [-1, 2],
      [0, bytes.length + 1],
      [2 ** 60, 1],
    ] as const) {
      await expect(file.read(offset, length)).rejects.toMatchObject({ code: 'damaged' })
    }
    await file.close()
  })

  it('reports a file that shrank while open, and stops when told', async () => {
    const path = join(folder, 'shrinking')
    await writeFile(path, bytes.subarray(0, 1000))
    const file = await openFile(path)
    await truncate(path, 10)
    await expect(file.read(0, 1000)).rejects.toMatchObject({ code: 'damaged' })
    await expect(file.read(0, 5, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
    await file.close()
  })
})

describe('pagedSource', () => {
  it('answers as its source does', async () => {
    const paged = pagedSource(bufferSource(bytes))
    for (const [offset, length] of [
      [0, 16],
      [65_530, 12],
      [100, 300_000],
      [2_999_990, 10],
      [5, 0],
    ] as const) {
      expect((await paged.read(offset, length)).equals(bytes.subarray(offset, offset + length))).toBe(true)
    }
    await expect(paged.read(2_999_990, 11)).rejects.toMatchObject({ code: 'damaged' })
  })

  it('reads each page once, and the tail in one go', async () => {
    const { source, ranges } = watched(bufferSource(bytes))
    const paged = pagedSource(source)
    for (const offset of [0, 8, 40_000]) await paged.read(offset, 100)
    expect(ranges).toEqual([[0, 65_536]])
    for (const offset of [2_100_000, 2_500_000, 2_999_000]) await paged.read(offset, 100)
    expect(ranges).toHaveLength(2)
  })
})
