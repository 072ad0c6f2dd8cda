/**
 * Opens a slide of the tile service with the public DICOMweb clients (PyPI wsidicom, dicomweb-client) and compares what
 * they read with the service's own regions:
 *
 *   node infra/dicomweb/clients.ts [FOLDER OF A PYTHON VENV]
 *
 * Without a folder the clients are installed into a throwaway one.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startSystem } from '@coverslip/platform/testing/system.ts'
import { studyUid } from '@coverslip/tiles/dicomweb/uids.ts'
import { tiles } from '@coverslip/tiles/module.ts'
import { makeServedSlides } from '@coverslip/tiles/testing/served-slide.ts'

const run = promisify(execFile)
const PACKAGES = ['wsidicom==0.36.1', 'dicomweb-client==0.61.2']

async function install(folder: string): Promise<string> {
  if (!existsSync(join(folder, 'bin', 'python'))) await run('python3', ['-m', 'venv', folder])
  await run(join(folder, 'bin', 'pip'), ['install', '--quiet', ...PACKAGES])
  return join(folder, 'bin', 'python')
}

async function main(venv: string | undefined): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-dicomweb-'))
  try {
    const python = await install(venv ?? join(folder, 'venv'))
    const data = join(folder, 'data')
    await mkdir(data)
    const [slide] = await makeServedSlides(data, { width: 3000, height: 2200 })
    const system = await startSystem([tiles], { data })
    const token = join(folder, 'token')
    await writeFile(token, await system.token(), { mode: 0o600 })
    const { slideId, width, height } = slide!
    const given = [system.url, token, slideId, studyUid(slideId), String(width), String(height)]
    const script = join(import.meta.dirname, 'clients.py')
    const outcome = await run(python, [script, ...given]).catch((error: { stdout: string; stderr: string }) => error)
    process.stdout.write(outcome.stdout + outcome.stderr)
    await system.stop()
    process.exitCode = outcome.stdout.endsWith('good\n') ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

await main(process.argv[2])
