/** Converts one slide in a process of its own, for bench/convert.ts to measure: INPUT OUTPUT. */
import { convert } from '@coverslip/wsi/convert/index.ts'

const [input, output] = process.argv.slice(2)
if (!input || !output) throw new Error('usage: convert-one.ts INPUT OUTPUT')
const { width, height } = await convert(input, output)
console.log(JSON.stringify({ width, height }))
