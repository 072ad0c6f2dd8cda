import { defineConfig } from 'vitest/config'

// Unit and contract tests lie beside the code; the black-box suite under services/e2e starts whole systems and
// therefore runs file after file.
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['services/**/*.test.ts', 'proto/**/*.test.ts', 'infra/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What a test polls for comes when the machine gets to it; the default of a second fails on a busy one.
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    maxWorkers: 2,
  },
})
