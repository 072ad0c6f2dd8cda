import { flag, type Settings, text, urlOf } from '@coverslip/platform/config.ts'
import { platformSettings } from '@coverslip/platform/settings.ts'
import { z } from 'zod'

const smtp = z.union([z.literal(''), urlOf('smtp', 'smtps')])

export const config = {
  PUBLIC_URL: {
    ...platformSettings.PUBLIC_URL,
    default: 'http://localhost:{port}',
    help: 'The address that browsers use; sign-in links begin with it',
  },
  OWNER_EMAIL: {
    type: z.email('expected an e-mail address'),
    default: 'owner@coverslip.internal',
    help: 'Address of the owner account that the first start makes',
  },
  OWNER_TOKEN_FILE: {
    type: text,
    default: '{data}/owner-token',
    help: "File for the owner's API token, mode 600; made again when it is missing or no longer valid; empty: none",
  },
  SMTP_URL: {
    type: smtp,
    default: '',
    help: 'Mail server, `smtp://user:password@host:587`; empty: nothing is mailed',
    secret: true,
  },
  MAIL_FROM: { type: text, default: 'Coverslip <coverslip@localhost>', help: 'Sender of mails' },
  PRINT_SIGN_IN_LINKS: {
    type: flag,
    default: '1',
    help: 'Without SMTP_URL, sign-in links that somebody asks for are written to the log, for the operator to pass on',
  },
} satisfies Settings
