import { isPageAddress } from '@coverslip/proto/api/page-addresses.ts'
import { describe, expect, it } from 'vitest'
import { projectPath, readProjectAddress, SECTIONS } from './address.ts'

const ID = '5f0c2c2e-4a53-4f5e-9c32-2b1f6d0a7e11'

describe('addresses of a project', () => {
  it.each(SECTIONS.map(({ name }) => name))('%s is read as it is written, and signing in leads back to it', section => {
    expect(readProjectAddress(projectPath('liver_2', section))).toEqual({ project: 'liver_2', section, id: null })
    expect(readProjectAddress(projectPath('A', section, ID))).toEqual({ project: 'A', section, id: ID })
    expect(isPageAddress(projectPath('A', section, ID))).toBe(true)
  })
  it('begin with the subjects', () => {
    expect(readProjectAddress('/projects/liver')).toEqual({ project: 'liver', section: 'subjects', id: null })
  })
  it.each(['/', '/projects', '/projects/*/subjects', '/projects/liver/secrets', '/projects/liver/subjects/Kim'])(
    'are nothing else: %s',
    path => expect(readProjectAddress(path)).toBeNull(),
  )
})
