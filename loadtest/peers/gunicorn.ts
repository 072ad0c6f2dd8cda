/** OpenSlide's DeepZoom and large_image, each one process under gunicorn, from a Python environment of its own. */
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer, type TestServer } from '@coverslip/platform/testing/process.ts'

export interface PeerSlide {
  path: string
  /** Of the JPEGs that it makes, 1 to 100. */
  quality: number
}

/** Calls in slides.py. */
export type Library =
  | 'deepzoom()'
  | 'deepzoom_example()'
  | 'large_image()'
  | 'large_image(False)'
  | 'large_image_defaults()'

/** Both libraries let other threads run while they read and encode: one per core and some that wait for the socket. */
const THREADS = 4
const THREADED = ['--worker-class', 'gthread', '--workers', '1', '--threads', String(THREADS), '--keep-alive', '60']
/** gunicorn's own default is one worker that answers one request after the other. */
const workersOf = (library: Library): string[] =>
  library === 'deepzoom_example()' || library === 'large_image_defaults()' ? [] : THREADED

/** @throws Error that says how to make the environment when there is none */
export function startLibrary(library: Library, slide: PeerSlide): Promise<TestServer> {
  const python = pythonOf(process.env.PEERS_VENV ?? join(tmpdir(), 'venv-peers'))
  return startServer({
    title: library,
    url: port => `http://127.0.0.1:${port}`,
    command: port => ({
      file: python,
      args: [
        ...['-m', 'gunicorn', '--bind', `127.0.0.1:${port}`, '--chdir', import.meta.dirname],
        ...workersOf(library),
        `slides:${library}`,
      ],
      env: { SLIDE: slide.path, QUALITY: String(slide.quality), PYTHONDONTWRITEBYTECODE: '1' },
    }),
    probe: async port => void (await fetch(`http://127.0.0.1:${port}/`)),
    signal: 'SIGTERM',
  })
}

function pythonOf(environment: string): string {
  const python = join(environment, 'bin/python')
  if (existsSync(python)) return python
  const requirements = join(import.meta.dirname, 'requirements.txt')
  throw new Error(`No ${python}: python3 -m venv ${environment} && ${environment}/bin/pip install -r ${requirements}`)
}
