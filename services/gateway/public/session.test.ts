import type { HttpCall } from '@coverslip/platform/module.ts'
import { describe, expect, it } from 'vitest'
import { clientAddress, sessionCookie } from './session.ts'

describe('the session cookie', () => {
  it('is out of reach of scripts and other sites', () => {
    expect(sessionCookie('x.y.z', 60, 'http://localhost:8080')).toBe(
      'coverslip_session=x.y.z; Path=/; Max-Age=60; HttpOnly; SameSite=Lax',
    )
  })
  it('travels encrypted where browsers come by https', () => {
    expect(sessionCookie('x', 60, 'https://slides.example.org')).toMatch(/; Secure$/)
  })
})

describe('the address that attempts are counted by', () => {
  const call = {
    headers: { 'x-forwarded-for': '1.1.1.1, 2.2.2.2' },
    stream: { socket: { remoteAddress: '127.0.0.1' } },
  } as unknown as HttpCall
  it('is that of the connection', () => expect(clientAddress(call, false)).toBe('127.0.0.1'))
  it('is the last one behind a trusted proxy: the client writes the others', () => {
    expect(clientAddress(call, true)).toBe('2.2.2.2')
    expect(clientAddress({ ...call, headers: {} }, true)).toBe('127.0.0.1')
  })
})
