/** A download into a disk that is too small: a tmpfs in a mount namespace of its own. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'coverslip-download-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a module on a disk of 64 KiB, which is its last argument. @returns what it prints */
const onSmallDisk = (module: string): string =>
  execFileSync(
    'unshare',
    [
      ...['-rm', 'sh', '-c', 'mount -t tmpfs -o size=64k tmpfs "$1" && "$0" --input-type=module -e "$2" "$1"'],
      ...[process.execPath, folder, module],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  ).trim()

function canMount(): boolean {
  try {
    return onSmallDisk('console.log(1)') === '1'
  } catch {
    return false
  }
}
const mountable = process.platform === 'linux' && canMount()
const unlessMountable = mountable ? '' : ' (skipped: this machine lets nobody mount a tmpfs in a namespace)'

describe.skipIf(!mountable)(`a download into a full disk${unlessMountable}`, () => {
  test('fails as such and leaves nothing: the write that takes only some bytes is not the end', () => {
    const told = onSmallDisk(`
      import { readdir } from 'node:fs/promises'
      import { download } from '${new URL('./s3-download.ts', import.meta.url)}'
      import { toServiceError } from '${new URL('../errors.ts', import.meta.url)}'
      const folder = process.argv.at(-1)
      const range = async (key, offset, length) => Buffer.alloc(length, 7)
      const end = await download({ key: 'a/1/slide.svs', size: 100_000 }, range, folder).then(
        () => 'taken for whole',
        error => toServiceError(error).code,
      )
      console.log(JSON.stringify({ end, left: await readdir(folder) }))
    `)
    expect(JSON.parse(told)).toEqual({ end: 'storage-full', left: [] })
  })
})
