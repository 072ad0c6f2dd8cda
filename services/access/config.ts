import { flag, integer, readBy, type Settings, text, urlOf } from '@coverslip/platform/config.ts'
import { platformSettings } from '@coverslip/platform/settings.ts'
import { z } from 'zod'
import { MAX_TOKEN_DAYS } from './codes.ts'
import { readRoles } from './provider/roles.ts'

const issuer = z
  .string()
  .refine(
    value => value === '' || /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1)[:/])[^?#]*$/.test(value),
    'expected an address that begins with https:',
  )
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
  SIGN_IN_LINKS: {
    type: flag,
    default: '1',
    help: 'Whether accounts may ask for sign-in links and invitations have one; 0: everybody signs in at the OpenID provider, but for the link that a start prints for the owner',
  },
  OIDC_ISSUER: {
    type: issuer,
    default: '',
    help: 'OpenID provider of your organisation, `https://idp.example.org/realms/hospital`; empty: none. There, register `{PUBLIC_URL}/api/sign-in/oidc/callback` as redirect URI',
  },
  OIDC_CLIENT_ID: { type: text, default: 'coverslip', help: 'What the provider knows this installation as' },
  OIDC_CLIENT_SECRET: { type: text, default: '', help: 'Empty: a public client', secret: true },
  OIDC_NAME: { type: text, default: 'Hospital sign-in', help: 'What the button on the sign-in page says' },
  OIDC_SCOPE: {
    type: z.string().regex(/(^| )openid( |$)/, 'expected scopes with openid among them'),
    default: 'openid email profile',
    help: 'What is asked of the provider; some want `groups` as well',
  },
  OIDC_GROUPS_CLAIM: {
    type: text,
    default: 'groups',
    help: 'The claim that names the groups of a person; a dot leads into an object: `realm_access.roles`',
  },
  OIDC_ROLES: {
    type: readBy(readRoles, 'expected JSON: {"GROUP": {"PROJECT": "owner, steward, annotator or viewer"}}'),
    default: '{}',
    help: 'Roles by group, as JSON: `{"pathology": {"default": "annotator"}}`; the group `*` is everybody. Whom no group gives a role gets an account by invitation only',
  },
  OIDC_TRUST_EMAIL: {
    type: flag,
    default: '0',
    help: 'Whether addresses that the provider does not call verified are right all the same, since your organisation gives them out and nobody changes their own',
  },
  OIDC_TOKEN_DAYS: {
    type: integer(1, MAX_TOKEN_DAYS),
    default: '30',
    help: 'How long API tokens live at most that somebody makes who signed in at the provider: it may know them no more',
  },
  OIDC_SIGN_OUT: {
    type: flag,
    default: '0',
    help: 'Whether signing out leads to the provider, to sign out there as well; register `{PUBLIC_URL}/sign-in` there',
  },
} satisfies Settings
