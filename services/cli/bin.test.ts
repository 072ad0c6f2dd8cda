import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const bin = join(import.meta.dirname, 'bin/coverslip')

test("the command runs on the pinned Node, whatever `node` is on the caller's PATH, also through a link", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-bin-'))
  try {
    await writeFile(join(folder, 'node'), '#!/bin/sh\necho an older node\nexit 99\n', { mode: 0o755 })
    await symlink(bin, join(folder, 'linked'))
    const env = { PATH: `${folder}:/usr/bin:/bin` }
    const { stdout } = await promisify(execFile)(join(folder, 'linked'), ['--version'], { env, cwd: folder })
    expect(stdout).toBe('0.1.0\n')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
