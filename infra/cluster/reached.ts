/** Whether the services of a release reach each other: pods are ready some moments before rules of services and policies know of them. */
import { type Client, clientOf, createUpload, eventually } from '../../services/e2e/client.ts'

const NOBODYS = '00000000-0000-4000-8000-000000000000'
/** By service, addresses that are answered with its help: by the front's way to it, and by that of its callers. */
const ASKED: Record<string, readonly string[]> = {
  access: ['/api/tokens'],
  annotations: [`/api/slides/${NOBODYS}/annotations`],
  catalog: ['/api/slides?limit=1'],
  deidentify: ['/api/reviews', `/api/intake/slides/${NOBODYS}`],
  ingest: ['/api/intake/watch', '/api/intake/slides?limit=1', `/api/intake/slides/${NOBODYS}`],
  intake: ['/api/intake/slides?limit=1'],
  public: ['/readyz'],
  pyramid: [`/api/slides/${NOBODYS}/quality`],
  subjects: ['/api/ledger'],
  tiles: ['/api/stage', `/api/slides/${NOBODYS}/pyramid`],
}

/** Waits until the release at `url` is up for the owner of `token`. @throws Error that says who is not reached */
export async function untilReached(url: string, token: string): Promise<void> {
  const client = clientOf({ url, token })
  for (const component of Object.keys(ASKED)) await untilComponentReached(client, component)
  await eventually(60, 'an upload to be taken', () => takesUpload(client))
}

/** Waits until a component is reached, after its pods were others; components that nobody asks from outside are. */
export async function untilComponentReached(client: Client, component: string): Promise<void> {
  for (const path of ASKED[component] ?? []) {
    await eventually(60, `${component} to be reached by ${path}`, async () => {
      const { status } = await client.get(path, { signal: AbortSignal.timeout(5000) })
      if (status >= 500) throw new Error(`${path} answers ${status}`)
      return true
    })
  }
}

/** Begins an upload and takes it back; a site that takes none has refused. */
async function takesUpload(client: Client): Promise<true> {
  const refused = await client.get('/api/intake/slides?limit=1')
  if (refused.status === 404) return true
  const { location } = await createUpload(client.get, 1, { filename: 'nothing.svs' })
  const { status } = await client.get(location, { method: 'DELETE', headers: { 'tus-resumable': '1.0.0' } })
  if (status >= 500) throw new Error(`DELETE upload: ${status}`)
  return true
}
