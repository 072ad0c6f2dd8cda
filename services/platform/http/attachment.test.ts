import { expect, it } from 'vitest'
import { attachment } from './attachment.ts'

it.each([
  ['C1-4F7KQ2M9-BR-X3T.svs', 'C1-4F7KQ2M9-BR-X3T.svs'],
  ['../../etc/passwd.tiff', '__.._etc_passwd.tiff'],
  ['a"; filename="b.zip', 'a___filename__b.zip'],
  ['line\r\nbreak.svs', 'line__break.svs'],
  ['-rf.svs', '_rf.svs'],
  [`${'x'.repeat(300)}.svs`, `${'x'.repeat(116)}.svs`],
])('%j is saved as a plain name', (given, name) => {
  expect(attachment(given)).toBe(`attachment; filename="${name}"`)
})
