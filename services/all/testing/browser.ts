/** What a browser does with addresses and cookies, and nothing else of it. */
import { randomBytes } from 'node:crypto'

export interface Browser {
  /** One request, with the cookies of its address; redirects are not followed. */
  fetch(address: string, init?: RequestInit): Promise<Response>
  /** Follows redirects until `there`, whose address is not asked for. @throws Error when they end elsewhere */
  go(address: string, there: (address: URL) => boolean): Promise<URL>
  /** Empty when there is none. */
  cookie(address: string, name: string): string
  /** All that was said of a cookie when it was set. */
  attributes(address: string, name: string): string
  setCookie(address: string, name: string, value: string): void
}

/** With no cookies yet, at an address of its own (as a proxy would tell). They go by origin and name: a path of theirs is not looked at. */
export function openBrowser(): Browser {
  const from = `10.${[...randomBytes(3)].join('.')}`
  const jar = new Map<string, string>()
  const keyOf = (address: string, name: string): string => `${new URL(address).origin} ${name}`
  const browser: Browser = {
    async fetch(address, init = {}) {
      const { origin } = new URL(address)
      const own = [...jar].filter(([key]) => key.startsWith(`${origin} `))
      const cookie = own.map(([key, said]) => `${key.slice(origin.length + 1)}=${said.split(';')[0]}`).join('; ')
      const headers = new Headers(init.headers)
      if (cookie) headers.set('cookie', cookie)
      headers.set('x-forwarded-for', from)
      const answer = await fetch(address, { ...init, headers, redirect: 'manual' })
      for (const line of answer.headers.getSetCookie()) {
        const [, name, said] = /^([^=]+)=(.*)$/.exec(line)!
        const gone = /max-age=0|expires=Thu, 01 Jan 1970/i.test(said!)
        if (gone) jar.delete(keyOf(address, name!))
        else jar.set(keyOf(address, name!), said!)
      }
      return answer
    },
    async go(address, there) {
      let at = new URL(address)
      for (let steps = 0; steps < 12; steps++) {
        const answer = await browser.fetch(at.href)
        const location = answer.headers.get('location')
        if (!location) throw new Error(`${answer.status} at ${at.pathname}: ${await answer.text()}`)
        at = new URL(location, at)
        if (there(at)) return at
      }
      throw new Error('redirected again and again')
    },
    cookie: (address, name) => jar.get(keyOf(address, name))?.split(';')[0] ?? '',
    attributes: (address, name) => jar.get(keyOf(address, name)) ?? '',
    setCookie: (address, name, value) => void jar.set(keyOf(address, name), value),
  }
  return browser
}
