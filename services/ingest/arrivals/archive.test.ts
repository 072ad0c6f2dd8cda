import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isArchive, listArchive, unpackArchive } from './archive.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-archive-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Packed {
  name: string
  bytes?: Buffer
  /** General purpose flags. */
  flags?: number
  method?: number
  /** Unix mode. */
  mode?: number
  /** Said instead of the truth. */
  crc?: number
  size?: number
}

/** A zip as hostile as wanted (APPNOTE 6.3). */
function zip(...files: Packed[]): Buffer {
  const locals: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const { name, bytes = Buffer.from('x'), flags = 0x800, method = 8, mode = 0o100644, ...said } of files) {
    const packed = method === 8 ? deflateRawSync(bytes) : bytes
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(flags, 2)
    fields.writeUInt16LE(method, 4)
    fields.writeUInt32LE(said.crc ?? crc32(bytes), 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(said.size ?? bytes.length, 18)
    fields.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE((mode << 16) >>> 0, 6)
    tail.writeUInt32LE(offset, 10)
    central.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), fields, tail, Buffer.from(name)]))
    locals.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 0, 'latin1')
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}

const LIMITS = { maxBytes: 1_000_000, maxRatio: 20, maxFiles: 50 }
let made = 0
async function saved(bytes: Buffer): Promise<string> {
  const path = join(folder, `${made++}.zip`)
  await writeFile(path, bytes)
  return path
}
const listed = async (...files: Packed[]) => listArchive(await saved(zip(...files)), LIMITS)

describe('an archive', () => {
  it('is told by its content', async () => {
    expect(await isArchive(await saved(zip({ name: 'a' })))).toBe(true)
    expect(await isArchive(await saved(Buffer.from('II*\0')))).toBe(false)
    expect(await isArchive(await saved(Buffer.alloc(0)))).toBe(false)
  })

  it('is unpacked below its only folder, without what systems put beside the files', async () => {
    const path = await saved(
      zip(
        { name: 'DOE/' },
        { name: 'DOE/a.mrxs', bytes: Buffer.from('head') },
        { name: 'DOE\\a\\Slidedat.ini', bytes: Buffer.from('ini'), method: 0 },
        { name: '__MACOSX/DOE/._a.mrxs' },
        { name: 'DOE/.DS_Store' },
      ),
    )
    const to = await mkdtemp(join(folder, 'to-'))
    const files = await unpackArchive(path, to, LIMITS)
    expect(files.map(({ path }) => path)).toEqual(['a.mrxs', 'a/Slidedat.ini'])
    expect(await readFile(files[1]!.at, 'utf8')).toBe('ini')
  })

  it('of the zip program is read', async () => {
    const from = await mkdtemp(join(folder, 'from-'))
    await mkdir(join(from, 'in'))
    await writeFile(join(from, 'in/a.svs'), 'slide')
    execFileSync('zip', ['-qr', 'a.zip', 'in'], { cwd: from })
    expect((await listArchive(join(from, 'a.zip'), LIMITS)).map(({ path }) => path)).toEqual(['a.svs'])
    await symlink('/etc/passwd', join(from, 'in/link'))
    execFileSync('zip', ['-qry', 'b.zip', 'in'], { cwd: from })
    await expect(listArchive(join(from, 'b.zip'), LIMITS)).rejects.toMatchObject({ code: 'unsupported' })
    execFileSync('zip', ['-qr', '-P', 'secret', 'c.zip', 'in/a.svs'], { cwd: from })
    await expect(listArchive(join(from, 'c.zip'), LIMITS)).rejects.toThrow(/encrypted/)
  })
})

describe('a hostile archive', () => {
  const bomb = Buffer.alloc(500_000)
  it.each<[string, Packed[], RegExp]>([
    ['leads out of it', [{ name: '../../etc/DOE' }], /leads out/],
    ['names an absolute path', [{ name: '/etc/DOE' }], /leads out/],
    ['names a drive', [{ name: 'C:\\DOE.svs' }], /leads out/],
    ['leads out with backslashes', [{ name: '..\\DOE.svs' }], /leads out/],
    ['holds a control character', [{ name: 'DOE\n.svs' }], /leads out/],
    ['holds a link', [{ name: 'DOE.svs', mode: 0o120777 }], /link/],
    ['holds a device', [{ name: 'DOE.svs', mode: 0o060644 }], /device/],
    ['is encrypted', [{ name: 'DOE.svs', flags: 0x801 }], /encrypted/],
    ['is strongly encrypted', [{ name: 'DOE.svs', flags: 0x841 }], /encrypted/],
    ['holds an archive', [{ name: 'DOE.ZIP' }], /another archive/],
    ['holds one file twice', [{ name: 'DOE.svs' }, { name: 'doe.SVS' }], /two files/],
    ['is a bomb', [{ name: 'DOE.svs', bytes: bomb }], /far more/],
    ['is larger than may be taken', [0, 1, 2].map(i => ({ name: `${i}`, bytes: bomb, method: 0 })), /more than may/],
    ['holds too many files', Array.from({ length: 51 }, (_, i) => ({ name: `${i}.dat` })), /too many/],
    ['is empty', [{ name: 'DOE/' }], /empty/],
    ['is packed strangely', [{ name: 'DOE.svs', method: 12 }], /Deflate/],
  ])('that %s is refused', async (_what, files, reason) => {
    const refused = await listed(...files).catch(error => error)
    expect(refused).toMatchObject({ name: 'SlideFileError', publicMessage: expect.stringMatching(reason) })
    expect(refused.publicMessage).not.toMatch(/DOE/i)
  })

  it('cut short, or garbage, is damaged', async () => {
    const whole = zip({ name: 'DOE.svs', bytes: Buffer.alloc(1000, 'abc') })
    for (const bytes of [whole.subarray(0, whole.length - 30), Buffer.from('PK\x03\x04 garbage'), whole.subarray(10)]) {
      await expect(listArchive(await saved(bytes), LIMITS)).rejects.toMatchObject({ code: 'damaged' })
    }
  })

  it.each<[string, Partial<Packed>]>([
    ['of another checksum', { crc: 1 }],
    ['longer than said', { size: 10 }],
    ['shorter than said', { size: 5000 }],
  ])('with a file %s is damaged, however well its list looks', async (_what, said) => {
    const path = await saved(zip({ name: 'DOE.svs', bytes: Buffer.from('0123456789'.repeat(100)), ...said }))
    const to = await mkdtemp(join(folder, 'to-'))
    await expect(unpackArchive(path, to, { ...LIMITS, maxRatio: 1000 })).rejects.toMatchObject({ code: 'damaged' })
  })
})
