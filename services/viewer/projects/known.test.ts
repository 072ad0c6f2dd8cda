import type { User } from '@coverslip/proto/api.ts'
import { describe, expect, it } from 'vitest'
import { ownedProjects, projectToBeginWith, rememberedProjects, rememberProject, stewardedProjects } from './known.ts'

const user = (roles: User['roles']): User => ({ id: 'u', email: null, name: 'U', roles, level: 0 })
function shelf() {
  const kept = new Map<string, string>()
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  }
}

describe('projects to choose from', () => {
  it('are those that somebody is a steward of', () => {
    const roles = { liver: 'steward', lung: 'viewer' } as const
    expect(stewardedProjects(user(roles), ['lung', 'skin'])).toEqual(['liver'])
    expect(stewardedProjects(user({}), ['skin'])).toEqual([])
  })
  it('are, for whoever owns everything, all that were seen', () => {
    expect(stewardedProjects(user({ '*': 'owner' }), ['skin', 'brain', 'skin'])).toEqual(['brain', 'default', 'skin'])
  })
  it('leave out one in which a steward of everything only looks', () => {
    expect(stewardedProjects(user({ '*': 'steward', brain: 'viewer' }), ['brain'])).toEqual(['default'])
  })
  it('are, to invite into, those that somebody owns', () => {
    expect(ownedProjects(user({ '*': 'owner', brain: 'viewer' }), ['skin', 'brain'])).toEqual(['*', 'default', 'skin'])
    expect(ownedProjects(user({ liver: 'owner', lung: 'steward' }), ['lung'])).toEqual(['liver'])
  })
  it('begin with the one that was chosen last, if it is still there', () => {
    const kept = shelf()
    for (const name of ['skin', 'liver', 'skin']) rememberProject(kept, name)
    expect(rememberedProjects(kept)).toEqual(['skin', 'liver'])
    expect(projectToBeginWith(['default', 'liver'], rememberedProjects(kept))).toBe('liver')
    expect(projectToBeginWith(['a', 'default'], [])).toBe('default')
    expect(projectToBeginWith(['a', 'b'], [])).toBe('a')
    expect(rememberedProjects({ ...kept, getItem: () => '{"no": "list"}' })).toEqual([])
  })
})
