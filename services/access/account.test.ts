import { describe, expect, it } from 'vitest'
import { type Account, mayHoldCode, type Roles, rightsAfter, rightsCarried, roleIn } from './account.ts'

const account = (roles: Roles, level = 0): Account => ({
  id: 'them',
  email: 'them@example.org',
  name: 'them',
  roles,
  provided: {},
  level,
  createdAt: new Date(0),
})
const inviter = (roles: Roles, userId = 'me') => ({ userId, roles })

describe('who may hold a code that signs in as somebody', () => {
  it.each([
    ['the account itself', inviter({ p: 'viewer' }, 'them'), account({ '*': 'owner' }), true],
    ['who owns everything', inviter({ '*': 'owner' }), account({ p: 'owner' }, 3), true],
    [
      'the owner of all its projects',
      inviter({ p: 'owner', q: 'owner' }),
      account({ p: 'viewer', q: 'steward' }),
      true,
    ],
    ['the owner of one of its projects', inviter({ p: 'owner' }), account({ p: 'viewer', q: 'viewer' }), false],
    [
      'a project owner, for who owns everything',
      inviter({ p: 'owner' }),
      account({ '*': 'owner', p: 'viewer' }),
      false,
    ],
    ['a project owner, for a data user', inviter({ p: 'owner' }), account({ p: 'viewer' }, 2), false],
  ])('%s: %j, %j -> %s', (_, who, whom, may) => expect(mayHoldCode(who, whom)).toBe(may))
})

describe('rights after an invitation', () => {
  const everything = { roles: { '*': 'owner' } } as const
  const wish = { project: 'p', role: 'annotator', level: 0 } as const

  it('add a project, which revokes nothing', () => {
    const rights = rightsAfter(account({ q: 'viewer' }), wish, everything)
    expect(rights).toEqual({ roles: { q: 'viewer', p: 'annotator' }, level: 0, revokes: false, changed: true })
  })
  it('change a role, which revokes what was signed before', () => {
    expect(rightsAfter(account({ p: 'steward' }), wish, everything)).toMatchObject({ revokes: true })
    expect(rightsAfter(account({ p: 'annotator' }), wish, everything)).toMatchObject({ revokes: false })
  })
  it('narrow a role that was held everywhere', () => {
    const rights = rightsAfter(account({ '*': 'steward' }), wish, everything)
    expect(rights).toMatchObject({ roles: { '*': 'steward', p: 'annotator' }, revokes: true })
  })
  it('take nothing from who owns everything, unless they are invited for everything', () => {
    const owner = account({ '*': 'owner' })
    expect(rightsAfter(owner, wish, everything)).toMatchObject({ roles: { '*': 'owner' }, revokes: false })
    const demotion = rightsAfter(owner, { ...wish, project: '*' }, everything)
    expect(demotion).toMatchObject({ roles: { '*': 'annotator' }, revokes: true })
  })
  it('raise the level only for those who own everything', () => {
    const level = (roles: Roles) => rightsAfter(account({}), { ...wish, level: 2 }, { roles }).level
    expect([level({ '*': 'owner' }), level({ p: 'owner' })]).toEqual([2, 0])
  })
})

it('finds the role that counts: that of the project, else that of all', () => {
  expect(roleIn({ '*': 'viewer', p: 'owner' }, 'p')).toBe('owner')
  expect(roleIn({ '*': 'viewer' }, 'p')).toBe('viewer')
  expect(roleIn({}, 'p')).toBeUndefined()
})

describe('rights that credentials may hand on', () => {
  it('are not those that the account was given since', () => {
    const grown = account({ p: 'viewer', q: 'steward' }, 2)
    expect(rightsCarried({ roles: { p: 'viewer' }, level: 0 }, grown)).toEqual({ roles: { p: 'viewer' }, level: 0 })
  })
  it('are not those that the account lost since', () => {
    const shrunk = account({ p: 'viewer' }, 1)
    const carried = rightsCarried({ roles: { p: 'owner', q: 'viewer' }, level: 3 }, shrunk)
    expect(carried).toEqual({ roles: {}, level: 1 })
  })
})
