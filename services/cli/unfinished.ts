/** Remembers where uploads that were begun go on, so that a new run resumes what another one left. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Environment, stateFolder } from './connection.ts'
import type { SlideSource } from './sources.ts'
import { fingerprint } from './watch.ts'

/** Much longer than a server keeps what nobody goes on with. */
const KEEP_MS = 14 * 86_400_000

const schema = z.object({
  slideId: z.uuid(),
  /** Of a slide of several files: by what the server knows that they belong together. */
  set: z.uuid().optional(),
  /** Where the upload of each file goes on, in the order of the slide's files; null: not begun. */
  locations: z.array(
    z
      .string()
      .regex(/^\/(?!\/)/)
      .nullable(),
  ),
})
/** Uploads of one slide that were begun. */
export type Begun = z.infer<typeof schema>

/** What is known of one slide's uploads. */
export interface Unfinished {
  /** Undefined when none was begun. */
  read(): Promise<Begun | undefined>
  save(begun: Begun): Promise<void>
  /** It is sent, or the server has lost it. */
  forget(): Promise<void>
}

/**
 * One file per slide, named by a hash of the slide's files, their sizes and times, the server and the project: a slide
 * that changed begins anew. It holds no name.
 */
export function unfinishedUploads(
  environment: Environment,
  { url, project, source }: { url: string; project: string | undefined; source: SlideSource },
): Unfinished {
  const folder = join(stateFolder(environment), 'uploads')
  const facts = JSON.stringify([url, project ?? null, fingerprint(source)])
  const path = join(folder, createHash('sha256').update(facts).digest('hex'))
  return {
    async read() {
      const text = await readFile(path, 'utf8').catch(() => undefined)
      const begun = text === undefined ? undefined : schema.safeParse(parsed(text)).data
      return begun?.locations.length === source.files.length ? begun : undefined
    },
    async save(begun) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const part = `${path}.${process.pid}`
      await writeFile(part, JSON.stringify(begun), { mode: 0o600 })
      await rename(part, path)
    },
    forget: () => rm(path, { force: true }),
  }
}

/** Forgets uploads that no server has any more. */
export async function forgetOldUploads(environment: Environment): Promise<void> {
  const folder = join(stateFolder(environment), 'uploads')
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name)
    const changed = await stat(path).catch(() => undefined)
    if (changed && Date.now() - changed.mtimeMs > KEEP_MS) await rm(path, { force: true })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
