import { expect, it } from 'vitest'
import { groupsIn, losesRole, readRoles, rolesFrom } from './roles.ts'
import { proofsOf } from './secrets.ts'

it('reads roles by group, and nothing that is not', () => {
  expect(readRoles('')).toEqual({})
  expect(readRoles('{"a b": {"*": "owner"}}')).toEqual({ 'a b': { '*': 'owner' } })
  for (const wrong of ['[]', '{', '{"a": "owner"}', '{"a": {"p": "king"}}', '{"a": {"no such/name": "viewer"}}']) {
    expect(readRoles(wrong), wrong).toBeNull()
  }
})

it('gives the role that may do most, and to everybody what everybody gets', () => {
  const byGroup = { '*': { p: 'viewer' }, a: { p: 'annotator', q: 'viewer' }, b: { p: 'owner' } } as const
  expect(rolesFrom(['a', 'b'], byGroup)).toEqual({ p: 'owner', q: 'viewer' })
  expect(rolesFrom(['b', 'a'], byGroup)).toEqual({ p: 'owner', q: 'viewer' })
  expect(rolesFrom([], byGroup)).toEqual({ p: 'viewer' })
  expect(rolesFrom(['toString', 'none'], { a: byGroup.a })).toEqual({})
})

it.each([
  [{ groups: ['a', 7, 'b'] }, 'groups', ['a', 'b']],
  [{ groups: 'Lab, Pathology' }, 'groups', ['Lab, Pathology']],
  [{ realm_access: { roles: ['a'] } }, 'realm_access.roles', ['a']],
  [{ groups: { a: true } }, 'groups', []],
  [{}, 'constructor.name', []],
])('finds groups in %j at %s', (claims, path, groups) => expect(groupsIn(claims, path)).toEqual(groups))

it('knows what is lost from what is gained', () => {
  expect(losesRole({ p: 'viewer' }, { p: 'viewer', q: 'owner' })).toBe(false)
  expect(losesRole({ p: 'owner' }, { p: 'viewer' })).toBe(true)
  expect(losesRole({ p: 'viewer', q: 'viewer' }, { p: 'viewer' })).toBe(true)
})

it('derives proofs that do not tell of each other, always the same', () => {
  const { state, nonce, verifier, challenge } = proofsOf('secret')
  expect(new Set([state, nonce, verifier, challenge, 'secret']).size).toBe(5)
  expect(verifier).toMatch(/^[\w-]{43}$/)
  expect(proofsOf('secret')).toEqual({ state, nonce, verifier, challenge })
  expect(proofsOf('another').state).not.toBe(state)
})
