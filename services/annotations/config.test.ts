import { readFileSync } from 'node:fs'
import { configTable } from '@coverslip/platform/config.ts'
import { expect, it } from 'vitest'
import { config } from './config.ts'

it('is described in the README as it is', () => {
  expect(readFileSync(new URL('README.md', import.meta.url), 'utf8')).toContain(configTable(config))
})
