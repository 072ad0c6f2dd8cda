import { api } from '@coverslip/proto/api.ts'
import { expect, test } from 'vitest'
import { locationOf, renderFront } from './nginx.ts'

const all = { public: 'h:1', intake: 'h:2', ingest: 'h:3', deidentify: 'h:4', tiles: 'h:5', subjects: 'h:6' }

test('every route has a location that leads to its module', () => {
  const conf = renderFront({ listen: '127.0.0.1:8080', upstreams: all, work: '/tmp/x' })
  for (const { path, module } of api)
    expect(conf).toContain(`location ${locationOf(path)} { proxy_pass http://${module}; }`)
})

test('templates become patterns for one path segment each', () => {
  expect(locationOf('/tiles/{id}.dzi')).toBe('~ "^/tiles/[^/]+?\\.dzi$"')
  expect(locationOf('/openapi.json')).toBe('= /openapi.json')
})

test('the cloud front has no way to intake', () => {
  const conf = renderFront({ listen: '8080', upstreams: { public: 'h:1', tiles: 'h:5' }, work: '/tmp/x' })
  expect(conf).not.toContain('intake')
  expect(conf).not.toContain('/original')
  expect(conf).not.toMatch(/reviews|gate|manifests/)
})
