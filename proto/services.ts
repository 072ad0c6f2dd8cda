/** The services: their names, where they lie, and who may call whom. */

/** The services, each a folder under services/; the gateway is two modules, `intake` (on-prem only) and `public`. */
export type ServiceName =
  | 'access'
  | 'annotations'
  | 'catalog'
  | 'deidentify'
  | 'ingest'
  | 'intake'
  | 'public'
  | 'pyramid'
  | 'subjects'
  | 'tiles'

/** The folder of a service under services/. */
export const folderOf = (service: string): string =>
  service === 'intake' || service === 'public' ? 'gateway' : service

/** Who may call whom over gRPC: a call from anybody else is refused (and, in a cluster, has no route). */
export const calls: Record<ServiceName, readonly ServiceName[]> = {
  access: ['public', 'intake'],
  annotations: ['public'],
  catalog: ['public'],
  deidentify: ['intake'],
  ingest: ['intake'],
  intake: [],
  public: [],
  pyramid: ['public'],
  subjects: ['ingest', 'deidentify'],
  tiles: ['public'],
}
