import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bytes, ConfigError, configTable, duration, flag, integer, readConfig, text, urlOf } from './config.ts'

const settings = {
  SIZE: { type: bytes, default: '512m', help: 'a size' },
  WAIT: { type: duration, default: '10m', help: 'a time' },
  COUNT: { type: integer(1, 10), default: '3', help: 'a number' },
  ON: { type: flag, default: '0', help: 'a switch' },
  PLACE: { type: urlOf('file', 's3'), default: 'file:{data}/x', help: 'a place', secret: true },
}

test('defaults are read, and follow the data folder', () => {
  const { part } = readConfig({ part: settings }, { COVERSLIP_DATA: '/tmp/d' })
  expect(part).toEqual({ SIZE: 512 * 1024 ** 2, WAIT: 600_000, COUNT: 3, ON: false, PLACE: 'file:/tmp/d/x' })
})

test('all wrong values are reported together, by name, and secrets are not quoted', () => {
  const wrong = { SIZE: 'big', WAIT: 'ten', COUNT: '11', ON: 'maybe', PLACE: 'ftp://user:pass@host' }
  const read = () => readConfig({ part: settings }, wrong)
  expect(read).toThrow(ConfigError)
  try {
    read()
  } catch (error) {
    const { problems } = error as ConfigError
    expect(problems).toHaveLength(5)
    expect(problems[1]).toBe(
      'WAIT: expected a duration such as 500ms, 30s, 10m or 7d, got "ten" (services/part/README.md)',
    )
    expect(problems.join()).not.toContain('pass')
  }
})

test('a secret may be a reference to a file', async () => {
  const path = join(tmpdir(), `secret-${process.pid}`)
  await writeFile(path, 's3cret\n')
  const given = { KEY: { type: text, default: '', help: '', secret: true } }
  expect(readConfig({ part: given }, { KEY_FILE: path }).part.KEY).toBe('s3cret')
  expect(() => readConfig({ part: given }, { KEY_FILE: '/nowhere' })).toThrow(
    'KEY: the file named by KEY_FILE cannot be read',
  )
})

test('the table for READMEs has a row per setting', () => {
  expect(configTable(settings).split('\n')).toHaveLength(7)
})
