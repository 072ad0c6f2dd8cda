import { createTransport } from 'nodemailer'

export interface Mail {
  to: string
  subject: string
  text: string
}
/** Sends one mail. */
export type Mailer = (mail: Mail) => Promise<void>

/** Undefined where no mail server is configured. */
export function openMailer(smtpUrl: string, from: string): { send: Mailer; close(): void } | undefined {
  if (!smtpUrl) return undefined
  const transport = createTransport(smtpUrl)
  return {
    async send(mail) {
      await transport.sendMail({ from, ...mail })
    },
    close: () => transport.close(),
  }
}

/** @param minutes how long the link may be used */
export function signInMail(to: string, link: string, minutes: number): Mail {
  const text = [
    'Sign in to Coverslip with this link:',
    '',
    link,
    '',
    `It works once, within ${minutes < 120 ? `${minutes} minutes` : `${Math.floor(minutes / 60 / 24)} days`}.`,
    'If you did not expect it, ignore this mail.',
  ]
  return { to, subject: 'Your sign-in link', text: text.join('\n') }
}
