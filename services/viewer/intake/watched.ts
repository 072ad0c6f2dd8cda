import type { WatchedFolders } from '@coverslip/proto/api/schemas.ts'
import { json } from '../api.ts'

/** The folders that are watched for a project. */
export const watchedFolders = (project: string): Promise<WatchedFolders['folders']> =>
  json<WatchedFolders>('/api/intake/watch').then(({ folders }) => folders.filter(folder => folder.project === project))
