import { projectName } from '@coverslip/proto/api/schemas.ts'
import { z } from 'zod'

/** A folder that is watched, and the project that its slides belong to. */
export interface WatchedFolder {
  path: string
  project: string
}

/** `/scans/a=project; /scans/b=other`: the last `=` ends the path. */
export const watchedFolders: z.ZodType<WatchedFolder[], string> = z.string().transform((value, context) => {
  const folders: WatchedFolder[] = []
  for (const entry of value.split(';').map(part => part.trim())) {
    if (entry === '') continue
    const at = entry.lastIndexOf('=')
    const [path, project] = [entry.slice(0, at).trim(), entry.slice(at + 1).trim()]
    if (at > 0 && path.startsWith('/') && project !== '*' && projectName.safeParse(project).success) {
      folders.push({ path: path.length > 1 ? path.replace(/\/+$/, '') : path, project })
    } else context.addIssue('expected absolute paths with their projects, such as /scans/a=project; /scans/b=other')
  }
  const inside = (a: string, b: string): boolean => a === b || a.startsWith(b === '/' ? b : `${b}/`)
  if (folders.some((a, i) => folders.some((b, k) => i !== k && inside(a.path, b.path)))) {
    context.addIssue('expected folders that do not lie in each other')
  }
  return folders
})
