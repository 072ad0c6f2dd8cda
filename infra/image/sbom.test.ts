import { expect, test } from 'vitest'
import { debPackage, npmPackage, sbomOf } from './sbom.ts'

const INTEGRITY = `sha512-${Buffer.alloc(64, 1).toString('base64')}`
const parts = [
  debPackage({ name: 'libc6', version: '2.36-9+deb12u10', architecture: 'amd64' }),
  debPackage({ name: 'perl-base', version: '5.36.0-7', architecture: 'amd64' }),
  npmPackage('node_modules/@scope/a', { version: '1.2.3', license: '(MIT OR Apache-2.0)', integrity: INTEGRITY }),
  npmPackage('node_modules/b/node_modules/@scope/a', { version: '1.2.3', license: 'SEE LICENSE IN FILE' }),
]

interface Document {
  packages: { SPDXID: string; licenseDeclared: string; externalRefs?: { referenceLocator: string }[] }[]
  relationships: { spdxElementId: string; relatedSpdxElement: string }[]
  documentNamespace: string
}

test('packages are named as package managers name them', () => {
  expect(parts.map(({ externalRefs }) => externalRefs![0]!.referenceLocator)).toEqual([
    'pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64',
    'pkg:deb/debian/perl-base@5.36.0-7?arch=amd64',
    'pkg:npm/%40scope/a@1.2.3',
    'pkg:npm/%40scope/a@1.2.3',
  ])
  expect(parts[2]).toMatchObject({
    licenseDeclared: 'MIT OR Apache-2.0',
    downloadLocation: 'https://registry.npmjs.org/@scope/a/-/a-1.2.3.tgz',
    checksums: [{ algorithm: 'SHA512', checksumValue: '01'.repeat(64) }],
  })
  expect(parts[3]!.licenseDeclared).toBe('NOASSERTION')
})

test('ids are unique and well-formed, and every relationship leads to one', () => {
  const { packages, relationships, documentNamespace } = sbomOf('coverslip:1', 'sha256:00', parts) as Document
  const ids = packages.map(({ SPDXID }) => SPDXID)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).toHaveLength(4)
  for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/)
  const known = new Set([...ids, 'SPDXRef-DOCUMENT'])
  for (const { spdxElementId, relatedSpdxElement } of relationships) {
    expect([known.has(spdxElementId), known.has(relatedSpdxElement)]).toEqual([true, true])
  }
  expect(documentNamespace).toContain('sha256-00')
})
