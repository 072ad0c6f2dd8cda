import { defineConfig } from 'vitest/config'

// What needs a cluster. One file after the other: each installs a release, and the machine is small.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['infra/cluster/**/*.cluster.ts'],
    testTimeout: 60_000,
    hookTimeout: 720_000,
    pool: 'forks',
    maxWorkers: 1,
  },
})
