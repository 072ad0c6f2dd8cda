/** What the programs of this folder are told by the environment, beside the stores' and the bus's URLs. */
import { duration, readConfig, type Settings, text, urlOf, type ValuesOf } from '@coverslip/platform/config.ts'
import { platformSettings } from '@coverslip/platform/settings.ts'

const { BUS_URL, DATABASE_URL, OBJECTS_SOURCE_URL, OBJECTS_ORIGINAL_URL, OBJECTS_PYRAMID_URL } = platformSettings

export const backupSettings = {
  BACKUP_URL: {
    type: urlOf('file', 's3'),
    default: 'file:./backup',
    help: 'Where backups are kept, as OBJECTS_*_URL: another disk, another S3, and encrypted there, since sources hold patient data',
    secret: true,
  },
  BACKUP_KEEP: {
    type: duration,
    default: '30d',
    help: 'Backups older than this go, with the objects that only they had; the newest stays. What a subject withdrew lives on for as long',
  },
  DATABASE_URLS: {
    type: text,
    default: '',
    help: "Folder with a file for each schema that holds the address with its service's role; empty: DATABASE_URL may read them all",
  },
  HANDOVER: {
    type: text,
    default: '',
    help: "Folder shared with a process that runs PostgreSQL's own programs (charts/coverslip/files/backup-database.sh); empty: they are on PATH",
  },
  BUS_URL,
  DATABASE_URL,
  // The other site has them.
  OBJECTS_SOURCE_URL: { ...OBJECTS_SOURCE_URL, type: urlOf('file', 's3', 'none') },
  OBJECTS_ORIGINAL_URL,
  OBJECTS_PYRAMID_URL,
} satisfies Settings

export type BackupConfig = ValuesOf<typeof backupSettings>

/** @throws ConfigError with every wrong setting */
export const backupConfig = (environment: Record<string, string | undefined>): BackupConfig =>
  readConfig({ backup: backupSettings }, environment).backup

/** The stores that are backed up, by the setting that says where each is; copies near the readers are made again. */
export const STORES = {
  source: 'OBJECTS_SOURCE_URL',
  original: 'OBJECTS_ORIGINAL_URL',
  pyramid: 'OBJECTS_PYRAMID_URL',
} as const
export type StoreName = keyof typeof STORES
export const storeNames = Object.keys(STORES) as StoreName[]
