/**
 * Packs layers as an image archive: an OCI layout with the file that `docker load` asks for beside it. The same layers give
 * the same bytes.
 *
 *   node infra/image/pack.ts OUT.tar NAME CONFIG.json LAYER.tar…      prints the digest of the manifest
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, stat } from 'node:fs/promises'

export interface Blob {
  digest: string
  size: number
  /** A file on disk, or the bytes. */
  from: string | Buffer
}

const MEDIA = 'application/vnd.oci.image'
/** Of Debian and of the registries: x64 is amd64 to them. */
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64' }

const bytesOf = (value: object): Blob => {
  const from = Buffer.from(JSON.stringify(value))
  return { from, size: from.length, digest: `sha256:${createHash('sha256').update(from).digest('hex')}` }
}

async function fileOf(path: string): Promise<Blob> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return { from: path, size: (await stat(path)).size, digest: `sha256:${hash.digest('hex')}` }
}

/** What an archive holds, by name, in its order; and the digest by which a registry would know the image. */
export async function imageOf(
  name: string,
  config: object,
  layerFiles: readonly string[],
  created = new Date(0).toISOString(),
): Promise<{ digest: string; entries: [name: string, blob: Blob][] }> {
  const layers = await Promise.all(layerFiles.map(fileOf))
  const described = (mediaType: string, { digest, size }: Blob) => ({ mediaType, digest, size })
  const settings = bytesOf({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    created,
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map(() => ({ created, created_by: 'infra/image/build.sh' })),
  })
  const manifest = bytesOf({
    schemaVersion: 2,
    mediaType: `${MEDIA}.manifest.v1+json`,
    config: described(`${MEDIA}.config.v1+json`, settings),
    layers: layers.map(layer => described(`${MEDIA}.layer.v1.tar`, layer)),
  })
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name.split(':').at(-1) }
  const listed = { ...described(`${MEDIA}.manifest.v1+json`, manifest), annotations }
  const place = ({ digest }: Blob): string => `blobs/sha256/${digest.slice(7)}`
  const docker = [{ Config: place(settings), RepoTags: [name], Layers: layers.map(place) }]
  const blobs = new Map([settings, manifest, ...layers].map(blob => [place(blob), blob]))
  return {
    digest: manifest.digest,
    entries: [
      ['oci-layout', bytesOf({ imageLayoutVersion: '1.0.0' })],
      ['index.json', bytesOf({ schemaVersion: 2, mediaType: `${MEDIA}.index.v1+json`, manifests: [listed] })],
      ['manifest.json', bytesOf(docker)],
      ...blobs,
    ],
  }
}

/** The header of a regular file in a tar archive (ustar, of nobody, 1970). */
export function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(512)
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`
  header.write(name, 0, 100)
  header.write(octal(0o644, 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(size, 12), 124)
  header.write(octal(0, 12), 136)
  header.write('        0', 148)
  header.write('ustar\u000000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** Writes entries as a tar archive; it appears under its name when it is complete. */
export async function writeArchive(path: string, entries: readonly [string, Blob][]): Promise<void> {
  const file = await open(`${path}.part`, 'w')
  try {
    for (const [name, { from, size }] of entries) {
      await file.appendFile(tarHeader(name, size))
      if (typeof from === 'string') for await (const chunk of createReadStream(from)) await file.appendFile(chunk)
      else await file.appendFile(from)
      await file.appendFile(Buffer.alloc((512 - (size % 512)) % 512))
    }
    await file.appendFile(Buffer.alloc(1024))
  } finally {
    await file.close()
  }
  await rename(`${path}.part`, path)
}

if (import.meta.main) {
  const [out, name, config, ...layers] = process.argv.slice(2)
  if (!out || !name || !config || layers.length === 0) {
    process.stderr.write('usage: node infra/image/pack.ts OUT.tar NAME CONFIG.json LAYER.tar…\n')
    process.exit(2)
  }
  const { digest, entries } = await imageOf(name, JSON.parse(await readFile(config, 'utf8')), layers)
  await writeArchive(out, entries)
  process.stdout.write(`${digest}\n`)
}
