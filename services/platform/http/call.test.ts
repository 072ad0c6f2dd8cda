import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { checkOrigin } from './call.ts'

const OURS = 'https://slides.example.org'
const request = (method: string, headers: Record<string, string>) =>
  ({ method, headers: { host: 'node-1:8080', ...headers } }) as unknown as IncomingMessage

test.each([
  ['the address that browsers use', { origin: OURS }],
  ['the address that was asked', { origin: 'http://node-1:8080' }],
  ['a program, which has no origin', {}],
  ['a page of ours whose origin was stripped on the way', { 'sec-fetch-site': 'same-origin' }],
])('an unsafe request of %s passes', (_who, headers) => {
  expect(() => checkOrigin(request('POST', headers), OURS)).not.toThrow()
})

test.each([
  ['another site', { origin: 'https://evil.example' }],
  ['a sandboxed frame', { origin: 'null' }],
  ['nothing where something should be', { origin: '' }],
  ['a neighbour on the same host', { origin: 'http://node-1:3000' }],
  ['another site whose origin was stripped on the way', { 'sec-fetch-site': 'cross-site' }],
  ['a neighbouring site whose origin was stripped on the way', { 'sec-fetch-site': 'same-site' }],
])('an unsafe request of %s is refused', (_who, headers) => {
  expect(() => checkOrigin(request('DELETE', headers), OURS)).toThrow('another web site')
  expect(() => checkOrigin(request('GET', headers), OURS, { upgrade: true })).toThrow('another web site')
})

test('reading is not bound to an origin: another site cannot see the answer', () => {
  expect(() => checkOrigin(request('GET', { origin: 'https://evil.example' }), OURS)).not.toThrow()
})

test('a route that only reads may be asked from elsewhere with a token, not with the cookie', () => {
  const origin = 'https://viewer.example'
  const token = { origin, authorization: 'Bearer t', cookie: 'coverslip_session=s' }
  expect(() => checkOrigin(request('POST', token), OURS, { readOnly: true })).not.toThrow()
  const refused: Record<string, string>[] = [
    { origin },
    { origin, cookie: 'coverslip_session=s' },
    { origin, authorization: 'Basic eDp5' },
  ]
  for (const headers of refused) {
    expect(() => checkOrigin(request('POST', headers), OURS, { readOnly: true })).toThrow('another web site')
  }
  expect(() => checkOrigin(request('POST', token), OURS)).toThrow('another web site')
  expect(() => checkOrigin(request('POST', token), OURS, { upgrade: true })).toThrow('another web site')
})
