/** Where a process is told to, it carries events between this site and another one. */
import { openBus } from './bus/index.ts'
import { type Link, startLink } from './bus/link.ts'
import type { House } from './house.ts'

/** @throws Error when this site's NATS does not know the link's user; the other site may be away */
export async function linkSites(house: House): Promise<void> {
  const link = house.platform.LINK_URL ? await openLink(house) : undefined
  house.telemetry.gauge(
    'coverslip_link_waiting',
    'Kinds of events that wait for the other site to answer; 0 where there is none',
    () => link?.waiting() ?? 0,
  )
}

async function openLink({ platform, adapters, log, stops }: House): Promise<Link> {
  const report = (what: string, error: unknown): void => log.warn({ err: error }, what)
  const there = await openBus(platform.LINK_URL, { domain: platform.LINK_SITE, report })
  stops.push(() => there.close())
  const link = startLink({ site: platform.SITE, bus: adapters.bus }, { site: platform.LINK_SITE, bus: there }, report)
  stops.push(() => link.stop())
  return link
}
