/** What lies in an object store, for tests that look from outside. */
import { openObjects } from '../objects/index.ts'

/** The objects below a folder, by key. @param url as in OBJECTS_*_URL */
export async function objectsIn(url: string, folder: string): Promise<Map<string, Buffer>> {
  const store = await openObjects(url)
  const found = new Map<string, Buffer>()
  for await (const { key, size } of store.list(`${folder}/`)) found.set(key, await store.range(key, 0, size))
  await store.close()
  return found
}
