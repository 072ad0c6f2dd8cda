/** Every module, in the order in which one process starts them. */
import { access } from '@coverslip/access/module.ts'
import { annotations } from '@coverslip/annotations/module.ts'
import { catalog } from '@coverslip/catalog/module.ts'
import { deidentify } from '@coverslip/deidentify/module.ts'
import { intakeGateway } from '@coverslip/gateway/intake/module.ts'
import { publicGateway } from '@coverslip/gateway/public/module.ts'
import { ingest } from '@coverslip/ingest/module.ts'
import type { Module } from '@coverslip/platform/module.ts'
import { pyramid } from '@coverslip/pyramid/module.ts'
import { subjects } from '@coverslip/subjects/module.ts'
import { tiles } from '@coverslip/tiles/module.ts'

export const modules: Module[] = [
  access,
  catalog,
  annotations,
  subjects,
  ingest,
  deidentify,
  pyramid,
  tiles,
  intakeGateway,
  publicGateway,
]
