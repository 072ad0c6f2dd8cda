import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openMailer, signInMail } from './mail.ts'

/** The receiving half of SMTP, as far as one mail needs it. */
function receive(socket: Socket, received: string[]): void {
  let inData = false
  let text = ''
  socket.on('error', () => socket.destroy())
  socket.write('220 test\r\n')
  socket.on('data', chunk => {
    text += chunk.toString()
    for (let end = text.indexOf('\r\n'); end !== -1; end = text.indexOf('\r\n')) {
      const line = text.slice(0, end)
      text = text.slice(end + 2)
      if (inData) {
        received.push(line)
        if (line !== '.') continue
        inData = false
      }
      inData ||= line === 'DATA'
      socket.write(line === 'DATA' ? '354 go on\r\n' : '250 ok\r\n')
    }
  })
}

let server: Server
let received: string[]
const sockets = new Set<Socket>()

beforeEach(async () => {
  received = []
  server = createServer(socket => {
    sockets.add(socket)
    receive(socket, received)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
})
const url = () => `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`

describe('mail', () => {
  it('brings the link, whole, to the address', async () => {
    const link = `https://slides.example.org/sign-in#${'x'.repeat(43)}`
    const mailer = openMailer(url(), 'Coverslip <coverslip@example.org>')!
    await mailer.send(signInMail('ada@example.org', link, 15))
    mailer.close()
    // Lines longer than 76 characters are folded in transport (quoted-printable, RFC 2045).
    const unfolded = received.join('\n').replaceAll('=\n', '').replaceAll('=3D', '=')
    expect(unfolded.split('\n')).toContain(link)
    expect(received).toContain('To: ada@example.org')
    expect(received).toContain('From: Coverslip <coverslip@example.org>')
  })

  it('says how long the link works', () => {
    expect(signInMail('a@b.de', 'link', 15).text).toContain('within 15 minutes')
    expect(signInMail('a@b.de', 'link', 7 * 24 * 60).text).toContain('within 7 days')
  })

  it('fails when the mail server is away', async () => {
    const away = url()
    server.close()
    await expect(openMailer(away, 'a@b.de')!.send(signInMail('c@d.de', 'link', 15))).rejects.toThrow()
  })

  it('is not sent where no mail server is configured', () => expect(openMailer('', 'a@b.de')).toBeUndefined())
})
