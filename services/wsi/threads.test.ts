import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** In a process of its own: what this is about would end the tests' process as well. */
const run = (script: string) =>
  execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })

test('a conversion that is over while its threads still start does not end the process', () => {
  const result = run(`
    import { setTimeout } from 'node:timers/promises'
    const { createPool } = await import('./convert/pool.ts')
    for (let wait = 0; wait < 300; wait += 15) {
      const pool = createPool(2, { tileSize: 256, quality: 50, stored: null })
      await setTimeout(wait)
      await pool.stop()
    }
    console.log('alive')
  `)
  expect(result).toBe('alive\n')
})
