import { expect, test } from 'vitest'
import { watchedFolders } from './setting.ts'

test('names folders with their projects', () => {
  const parse = (value: string) => watchedFolders.safeParse(value)
  expect(parse('/scans/a=liver; /b=c=lung/x').success).toBe(false)
  expect(parse('/scans/a/=liver; /b=c=lung').data).toEqual([
    { path: '/scans/a', project: 'liver' },
    { path: '/b=c', project: 'lung' },
  ])
  expect(parse('').data).toEqual([])
  for (const wrong of ['scans=liver', '/scans', '/scans=', '/scans=*', '/a=x;/a/b=y', '/a=x; /a=y']) {
    expect([wrong, parse(wrong).success]).toEqual([wrong, false])
  }
})
