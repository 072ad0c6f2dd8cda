import { bytes, flag, type Settings, text } from '@coverslip/platform/config.ts'
import { platformSettings } from '@coverslip/platform/settings.ts'

export const config = {
  PUBLIC_URL: {
    ...platformSettings.PUBLIC_URL,
    default: 'http://localhost:{port}',
    help: 'The address that browsers use; the session cookie is Secure when it is https',
  },
  VIEWER_DIST: { type: text, default: '', help: "Folder of the built viewer; empty: this repository's" },
  IMPORT_MAX_BYTES: { type: bytes, default: '256m', help: 'Largest annotation file that is imported' },
  TRUST_PROXY: {
    type: flag,
    default: '0',
    help: "Whether a proxy in front tells the client's address (X-Forwarded-For); for the limits on sign-in attempts",
  },
} satisfies Settings
