/**
 * What an image holds, as a bill of materials (SPDX 2.3, JSON): Debian's packages, npm's and the project itself.
 *
 *   node infra/image/sbom.ts NAME DIGEST DEBS NPM [PROGRAM]     DEBS, NPM: lists that the recipe wrote; PROGRAM: a line of sha256sum
 */
import { readFileSync } from 'node:fs'

/** `name version architecture`, a line each, with tabs. */
export interface Deb {
  name: string
  version: string
  architecture: string
}
interface Locked {
  version?: string
  license?: string
  integrity?: string
  link?: boolean
}
interface Package {
  SPDXID: string
  name: string
  versionInfo?: string
  downloadLocation: string
  filesAnalyzed: false
  licenseConcluded: string
  licenseDeclared: string
  copyrightText: string
  checksums?: { algorithm: string; checksumValue: string }[]
  externalRefs?: { referenceCategory: 'PACKAGE-MANAGER'; referenceType: 'purl'; referenceLocator: string }[]
}

const UNKNOWN = 'NOASSERTION'
/** What SPDX takes as an expression without a look at its list of licences. */
const EXPRESSION = /^\(?[A-Za-z0-9.-]+( (AND|OR|WITH) [A-Za-z0-9.-]+)*\)?$/

const idOf = (kind: string, name: string, version: string): string =>
  `SPDXRef-${kind}-${`${name}-${version}`.replaceAll(/[^A-Za-z0-9.-]/g, '-')}`

const packageOf = (SPDXID: string, name: string, purl: string | undefined, more: Partial<Package>): Package => ({
  SPDXID,
  name,
  downloadLocation: UNKNOWN,
  filesAnalyzed: false,
  licenseConcluded: UNKNOWN,
  licenseDeclared: UNKNOWN,
  copyrightText: UNKNOWN,
  ...more,
  ...(purl
    ? { externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }] }
    : {}),
})

export const debPackage = ({ name, version, architecture }: Deb): Package =>
  packageOf(
    idOf('deb', name, `${version}-${architecture}`),
    name,
    `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`,
    { versionInfo: version },
  )

/** @param place of the package in the lock file, such as `node_modules/a/node_modules/@b/c` */
export function npmPackage(place: string, { version = '', license, integrity }: Locked): Package {
  const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const [scope, bare] = name.startsWith('@') ? name.split('/') : [undefined, name]
  const file = `${bare}-${version}.tgz`
  const sha512 = /^sha512-(.+)$/.exec(integrity ?? '')?.[1]
  return packageOf(
    idOf('npm', name, version),
    name,
    `pkg:npm/${scope ? `${encodeURIComponent(scope)}/` : ''}${bare}@${encodeURIComponent(version)}`,
    {
      versionInfo: version,
      downloadLocation: `https://registry.npmjs.org/${name}/-/${file}`,
      licenseDeclared: license && EXPRESSION.test(license) ? license.replace(/^\((.*)\)$/, '$1') : UNKNOWN,
      ...(sha512
        ? { checksums: [{ algorithm: 'SHA512', checksumValue: Buffer.from(sha512, 'base64').toString('hex') }] }
        : {}),
    },
  )
}

/** @param digest of the image's manifest: it makes the document's name one of its own */
export function sbomOf(name: string, digest: string, parts: readonly Package[], created = new Date(0)): object {
  const image = packageOf('SPDXRef-image', name, undefined, { versionInfo: digest })
  // The same version of a package may lie in several places.
  const held = [...new Map(parts.map(part => [part.SPDXID, part])).values()]
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://coverslip.invalid/spdx/${digest.replace(':', '-')}`,
    creationInfo: { created: created.toISOString().replace(/\.\d+Z$/, 'Z'), creators: ['Tool: infra/image/sbom.ts'] },
    packages: [image, ...held],
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', image.SPDXID),
      ...held.map(({ SPDXID }) => relation(image.SPDXID, 'CONTAINS', SPDXID)),
    ],
  }
}

const relation = (spdxElementId: string, relationshipType: string, relatedSpdxElement: string): object => ({
  spdxElementId,
  relationshipType,
  relatedSpdxElement,
})

function main([name, digest, debs, npm, program]: string[]): void {
  if (!name || !digest || !debs || !npm) {
    process.stderr.write('usage: node infra/image/sbom.ts NAME DIGEST DEBS NPM [PROGRAM]\n')
    process.exit(2)
  }
  const lines = (path: string): string[] => readFileSync(path, 'utf8').split('\n').filter(Boolean)
  const own = new URL('../../package-lock.json', import.meta.url)
  const lock = JSON.parse(readFileSync(own, 'utf8')) as { version: string; packages: Record<string, Locked> }
  const places = lines(npm)
    .map(path => path.replace(/\/package\.json$/, ''))
    .filter(place => lock.packages[place]?.version)
  const [sum, path] = program?.split(/\s+/) ?? []
  const parts = [
    ...lines(debs).map(line => {
      const [deb, version, architecture] = line.split('\t') as [string, string, string]
      return debPackage({ name: deb, version, architecture })
    }),
    ...places.map(place => npmPackage(place, lock.packages[place]!)),
    ...(places.length > 0
      ? [
          packageOf('SPDXRef-coverslip', 'coverslip', undefined, {
            versionInfo: lock.version,
            licenseDeclared: 'Apache-2.0',
          }),
        ]
      : []),
    ...(sum
      ? [
          packageOf('SPDXRef-program', path?.split('/').at(-1) ?? 'program', undefined, {
            checksums: [{ algorithm: 'SHA256', checksumValue: sum }],
          }),
        ]
      : []),
  ]
  process.stdout.write(`${JSON.stringify(sbomOf(name, digest, parts), null, 1)}\n`)
}

if (import.meta.main) main(process.argv.slice(2))
