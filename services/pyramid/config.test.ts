import { ConfigError, readConfig } from '@coverslip/platform/config.ts'
import { expect, it } from 'vitest'
import { config } from './config.ts'

const read = (environment: Record<string, string>) => readConfig({ pyramid: config }, environment).pyramid

it('takes codings by technique, and leaves the others as they are', () => {
  const IHC = { quality: 80, subsampling: '4:4:4', floor: 60 }
  expect(read({ PYRAMID_CODINGS: JSON.stringify({ IHC }) }).PYRAMID_CODINGS).toEqual({ IHC })
  expect(read({}).PYRAMID_CODINGS).toEqual({})
})

it.each([
  ['PYRAMID_CODINGS', 'HE=50'],
  ['PYRAMID_CODINGS', '{"HE":{"quality":50,"subsampling":"4:2:2","floor":30}}'],
  ['PYRAMID_CODINGS', '{"HE":{"quality":50,"subsampling":"4:2:0","floor":60}}'],
  ['PYRAMID_CODINGS', '{"PAS":{"quality":50,"subsampling":"4:2:0","floor":30}}'],
  ['PYRAMID_SSIM_FLOOR', '1.5'],
  ['ENERGY_WATTS_PER_CORE', '-1'],
  ['ENERGY_WATTS_PER_CORE', ''],
])('refuses %s=%s by name', (name, value) => {
  expect(() => read({ [name]: value })).toThrow(ConfigError)
  expect(() => read({ [name]: value })).toThrow(name)
})
