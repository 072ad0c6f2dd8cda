/** Converts one slide in a process of its own, for bench/convert.ts to measure: INPUT OUTPUT. */
import { enableCompileCache } from 'node:module'

// As an installed program would be: types are stripped once, not at each start.
enableCompileCache()
const { convert } = await import('@coverslip/wsi/convert/index.ts')
const [input, output] = process.argv.slice(2)
if (!input || !output) throw new Error('usage: convert-one.ts INPUT OUTPUT')
await convert(input, output)
