/** Keeps what the chart derives from contracts and settings; `--check` fails when something is out of date. */
import { readFileSync, writeFileSync } from 'node:fs'
import { CLOUD } from '@coverslip/proto/sites.ts'
import { siteConfig } from '../sites/nats.ts'
import { valuesReadme } from './readme.ts'
import { valuesSchema } from './schema.ts'
import { frontConf, serviceRows } from './tables.ts'

const at = (path: string): URL => new URL(`../../charts/coverslip/${path}`, import.meta.url)
const read = (path: string): string => readFileSync(at(path), 'utf8')
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** Every derived file of the chart as it should be. */
export function freshFiles(): [path: string, fresh: string][] {
  return [
    // JSON is YAML: the chart reads it as such.
    ['files/services.json', json(serviceRows())],
    ['files/front-onprem.conf', frontConf('onprem')],
    ['files/front-cloud.conf', frontConf('cloud')],
    ['files/nats-onprem.conf', siteConfig('onprem')],
    ['files/nats-cloud.conf', siteConfig(CLOUD)],
    ['values.schema.json', json(valuesSchema())],
    ['README.md', valuesReadme(read('README.md'), read('values.yaml'))],
  ]
}

if (import.meta.main) {
  for (const [path, fresh] of freshFiles()) {
    if (!process.argv.includes('--check')) writeFileSync(at(path), fresh)
    else if (fresh !== read(path)) {
      process.stderr.write(`charts/coverslip/${path} is out of date: npm run gen\n`)
      process.exitCode = 1
    }
  }
}
