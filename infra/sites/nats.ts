/**
 * The NATS servers of two sites, from the flow: what the link's user may say and hear at the hospital, what the leaf node
 * may at the cloud. Neither list is written by hand.
 *
 *   node infra/sites/nats.ts onprem|cloud     prints a configuration; its passwords are variables of the server's environment
 */
import { CLOUD, type Crossing, crossings, linkName } from '@coverslip/proto/sites.ts'

export interface Permissions {
  publish: string[]
  subscribe: string[]
}

/** Answers come to the asker's own inbox. */
const INBOX = '_INBOX.>'
const kept = ({ stream }: Crossing): boolean => stream !== null

/**
 * What crosses the leaf node: events that may leave, those that are fetched, and of the other site's JetStream no more than
 * that takes. A subject that is not here is refused by the servers of both sites.
 */
export function linkPermissions(hospital: string): Permissions {
  const out = crossings(hospital, CLOUD)
  const back = crossings(CLOUD, hospital)
  const api = `$JS.${CLOUD}.API`
  const streams = [...new Set([...out, ...back].filter(kept).map(({ stream }) => stream))]
  const fetching = back.filter(kept).flatMap(({ event, stream, subject }) => {
    const name = linkName(hospital, event)
    return [
      `${api}.CONSUMER.CREATE.${stream}.${name}.${subject}`,
      `${api}.CONSUMER.INFO.${stream}.${name}`,
      `${api}.CONSUMER.MSG.NEXT.${stream}.${name}`,
      `$JS.ACK.${stream}.${name}.>`,
    ]
  })
  return {
    publish: [
      ...out.map(({ subject }) => subject),
      ...streams.map(stream => `${api}.STREAM.MSG.GET.${stream}`),
      ...fetching,
    ],
    subscribe: [INBOX, ...back.filter(crossing => !kept(crossing)).map(({ subject }) => subject)],
  }
}

/** Where a site's server listens, keeps its streams, and whom it lets in. Passwords may be `$NAMES` of its environment. */
export interface ServerOptions {
  site: string
  listen: string
  folder: string
  /** Of the services. */
  password: string
  /** Further lines at the top: `http_port`, `tls`. */
  more?: string
}

const quoted = (text: string): string => (text.startsWith('$') ? text : JSON.stringify(text))
const list = (subjects: string[]): string =>
  `[\n${subjects.map(one => `        ${JSON.stringify(one)}`).join('\n')}\n      ]`

function user(name: string, password: string, permissions?: Permissions): string {
  const login = `user: ${name}, password: ${quoted(password)}`
  if (!permissions) return `    { ${login} }`
  const { publish, subscribe } = permissions
  return `    { ${login}, permissions: {
      publish: { allow: ${list(publish)} }
      subscribe: { allow: ${list(subscribe)} }
    } }`
}

const head = ({ site, listen, folder, more = '' }: ServerOptions): string => `server_name: ${site}
listen: ${quoted(listen)}
${more}jetstream { store_dir: ${quoted(folder)}, domain: ${site} }
`

/**
 * The hospital's server. It dials out, and what it dials is an account of its own, LINK, that holds nothing and into which
 * nothing is exported: whoever sits at the other end sees what the link's user says there, and can ask for nothing else.
 */
export function renderOnPrem(server: ServerOptions, link: { password: string; remote: string; tls?: string }): string {
  const tls = link.tls ? `, tls: ${link.tls}` : ''
  return `${head(server)}accounts {
  COVERSLIP { jetstream: enabled, users: [
${user('coverslip', server.password)}
  ] }
  LINK { users: [
${user('link', link.password, linkPermissions(server.site))}
  ] }
}
leafnodes { remotes: [ { url: ${quoted(link.remote)}, account: LINK${tls} } ] }
`
}

/**
 * The cloud's server: hospitals' leaf nodes come in, each limited to its own site's events. It does not tell its own
 * addresses, which the hospital's server would dial from then on instead of the one that it was given; NATS 2.9 tells them all
 * the same, unless it is told what to say (`advertise`).
 */
export function renderCloud(
  server: ServerOptions,
  leaf: { listen: string; advertise?: string; hospitals: { site: string; password: string }[]; tls?: string },
): string {
  const hospitals = leaf.hospitals.map(({ site, password }) => user(`leaf-${site}`, password, linkPermissions(site)))
  const advertised = leaf.advertise ? `advertise: ${quoted(leaf.advertise)}` : 'no_advertise: true'
  const tls = leaf.tls ? `, tls: ${leaf.tls}` : ''
  return `${head(server)}accounts {
  COVERSLIP { jetstream: enabled, users: [
${[user('coverslip', server.password), ...hospitals].join('\n')}
  ] }
}
leafnodes { listen: ${quoted(leaf.listen)}, ${advertised}${tls} }
`
}

/** A site's configuration whose passwords and addresses are variables: of the environment, or set above it. */
export function siteConfig(site: string): string {
  const monitor = 'http_port: 8222\n'
  const server = { site, listen: '0.0.0.0:4222', folder: '/data', password: '$NATS_PASSWORD', more: monitor }
  if (site !== CLOUD) return renderOnPrem(server, { password: '$LINK_PASSWORD', remote: '$LEAF_URL' })
  return renderCloud(server, { listen: '0.0.0.0:7422', hospitals: [{ site: 'onprem', password: '$LEAF_PASSWORD' }] })
}

if (import.meta.main) process.stdout.write(siteConfig(process.argv[2] ?? 'onprem'))
