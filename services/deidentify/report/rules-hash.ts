import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folders that decide what is removed and what is proven. */
const FOLDERS = ['../procedure/', '../steps/', '../proof/']

let known: string | undefined

/** SHA-256 over the procedures of this program, tests aside: equal hashes mean the same rules, whatever the version says. */
export function rulesSha256(): string {
  known ??= hashSources()
  return known
}

function hashSources(): string {
  const sum = createHash('sha256')
  for (const name of FOLDERS) {
    const folder = fileURLToPath(new URL(name, import.meta.url))
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    for (const file of files.filter(file => /(?<!\.test)\.ts$/.test(file)).toSorted()) {
      sum.update(`${file}\n`).update(readFileSync(`${folder}${file}`))
    }
  }
  return sum.digest('hex')
}
