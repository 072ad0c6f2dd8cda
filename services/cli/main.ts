import { runCommand } from './program.ts'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // A second Ctrl-C ends the process at once.
  process.once(signal, () => stop.abort(new Error('stopped')))
}
// The reader of a pipe may leave early (`coverslip slides | head`).
process.stdout.on('error', () => process.exit(0))

const { env: environment, stdout: out, stderr: screen, argv } = process
process.exitCode = await runCommand(argv.slice(2), { environment, out, screen, signal: stop.signal })
