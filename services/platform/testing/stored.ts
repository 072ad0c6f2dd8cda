/** What lies in an object store, for tests that look from outside. */
import { openObjects } from '../objects/index.ts'

/** The keys below a folder. @param url as in OBJECTS_*_URL */
export async function keysIn(url: string, folder: string): Promise<string[]> {
  const store = await openObjects(url)
  const keys: string[] = []
  for await (const { key } of store.list(`${folder}/`)) keys.push(key)
  await store.close()
  return keys
}
