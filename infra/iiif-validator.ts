/**
 * Runs the public IIIF validator (PyPI iiif-validator) against the tile service, for both versions of the Image API:
 *
 *   node infra/iiif-validator.ts [FOLDER OF A PYTHON VENV]
 *
 * Without a folder the validator is installed into a throwaway one. Its reference image is drawn from its own table of
 * colours; a proxy adds the token that the validator cannot send.
 */

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startSystem } from '@coverslip/platform/testing/system.ts'
import { tiles } from '@coverslip/tiles/module.ts'
import { makeServedSlides } from '@coverslip/tiles/testing/served-slide.ts'
import { writeTiledSlide } from '@coverslip/wsi/convert/tiled-slide.ts'

const run = promisify(execFile)

/** A thousand pixels, ten by ten squares. */
const SIDE = 1000
const SQUARE = 100

/** Beyond level 2, and served all the same; the rest of level 3 is formats that are not made, and a test that Python 3 cannot run. */
const MORE = [
  ...['linkheader_canonical', 'linkheader_profile', 'rot_full_non90', 'rot_mirror', 'rot_mirror_180'],
  ...['rot_region_non90', 'size_up'],
]

type Colours = [number, number, number][][]

async function install(folder: string): Promise<string> {
  if (existsSync(join(folder, 'bin', 'iiif-validate.py'))) return folder
  await run('python3', ['-m', 'venv', folder])
  await run(join(folder, 'bin', 'pip'), ['install', '--quiet', 'iiif-validator==1.0.5'])
  return folder
}

async function coloursOf(venv: string): Promise<Colours> {
  const script =
    'import json; from iiif_validator.validator import ValidationInfo as V; print(json.dumps(V().colorInfo))'
  const { stdout } = await run(join(venv, 'bin', 'python'), ['-c', script])
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Colours
}

/** The reference image as a slide. */
async function drawSlide(path: string, colours: Colours): Promise<void> {
  const data = new Uint8Array(SIDE * SIDE * 3)
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      data.set(colours[Math.floor(x / SQUARE)]![Math.floor(y / SQUARE)]!, (y * SIDE + x) * 3)
    }
  }
  await writeTiledSlide(path, { picture: { width: SIDE, height: SIDE, data }, tileSize: 256, subsampling: '4:4:4' })
}

/** Passes everything on, with credentials. */
async function startProxy(url: string, token: string): Promise<Server> {
  const { hostname, port } = new URL(url)
  const server = createServer((req, res) => {
    const headers = { ...req.headers, authorization: `Bearer ${token}` }
    const onward = request({ hostname, port, path: req.url, method: req.method, headers }, answer => {
      res.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(res)
    })
    onward.on('error', () => res.destroy())
    req.pipe(onward)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}

async function validate(venv: string, address: string, slideId: string, version: 2 | 3): Promise<boolean> {
  const base = ['-s', address, '-p', `iiif/${version}`, '-i', slideId, `--version=${version}.0`]
  const more = MORE.flatMap(test => ['--test', test])
  let good = true
  for (const options of [['--level=2'], more]) {
    const script = join(venv, 'bin', 'iiif-validate.py')
    const outcome = await run(join(venv, 'bin', 'python'), [script, ...base, ...options]).then(
      ({ stderr }) => ({ stderr, passed: true }),
      (error: { stderr: string }) => ({ stderr: error.stderr, passed: false }),
    )
    process.stdout.write(`IIIF Image API ${version}.x, ${options[0] === '--test' ? 'beyond' : 'up to'} level 2\n`)
    process.stdout.write(`${outcome.stderr.trim()}\n\n`)
    good &&= outcome.passed
  }
  return good
}

async function main(given: string | undefined): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-iiif-'))
  try {
    const venv = await install(given ?? join(folder, 'venv'))
    const [data, file] = [join(folder, 'data'), join(folder, 'slide.tiff')]
    await mkdir(data)
    await drawSlide(file, await coloursOf(venv))
    const [slide] = await makeServedSlides(data, { width: SIDE, height: SIDE, file })
    const system = await startSystem([tiles], { data })
    const proxy = await startProxy(system.url, await system.token())
    const address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const passed = [await validate(venv, address, slide!.slideId, 3), await validate(venv, address, slide!.slideId, 2)]
    proxy.close()
    proxy.closeAllConnections()
    await system.stop()
    process.exitCode = passed.every(Boolean) ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

await main(process.argv[2])
