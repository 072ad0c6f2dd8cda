import { expect, it } from 'vitest'
import { hashOf, newCode, signInLink } from './codes.ts'

it('makes codes of 256 random bits that fit into a URL', () => {
  const codes = Array.from({ length: 100 }, newCode)
  for (const code of codes) expect(code).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(new Set(codes).size).toBe(100)
})

it('keeps the code where no server sees it', () => {
  const link = new URL(signInLink('https://slides.example.org', 'abc'))
  expect([link.pathname, link.hash, link.search]).toEqual(['/sign-in', '#abc', ''])
})

it('hashes to what does not tell the code', () => {
  expect(hashOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})
