import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

// Half of a short command's time is the stripping of types. Not in a folder that others can write: it is code.
enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'coverslip'))
const { EXIT } = await import('./errors.ts')
const { runCommand } = await import('./program.ts')

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // A second Ctrl-C ends the process at once, and so does time: not every wait can be cut short.
  process.once(signal, () => {
    stop.abort(new Error('stopped'))
    setTimeout(() => process.exit(EXIT.failed), 3000).unref()
  })
}
// The reader of a pipe may leave early (`coverslip slides | head`).
process.stdout.on('error', () => process.exit(0))

const { env: environment, stdout: out, stderr: screen, argv } = process
process.exitCode = await runCommand(argv.slice(2), { environment, out, screen, signal: stop.signal })
