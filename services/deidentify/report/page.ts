/** The report as a page to read and print: one file, no scripts, nothing loaded from anywhere. */
import type { SignedReport } from './signature.ts'

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text: string | number): string => `${text}`.replace(/[&<>"']/g, sign => ENTITIES[sign]!)

const STYLE = `
:root { color-scheme: light }
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2330; background: #fff; max-width: 60rem; margin: 2rem auto; padding: 0 1.5rem }
h1 { font-size: 1.5rem; margin: 0 0 .25rem } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p { margin: .25rem 0 } .quiet { color: #5a6475 }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid #d9dee6 }
th { font-weight: 600 } td.n, th.n { text-align: right } code { font: 12px/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
.yes { color: #14663a; font-weight: 600 } .no { color: #a3201b; font-weight: 600 }
@media print { body { margin: 0; max-width: none; font-size: 11px } h2, tr { break-inside: avoid; break-after: auto } }`

type Cell = string | number | { html: string }

const cell = (value: Cell, tag = 'td'): string => {
  const number = typeof value === 'number' ? ' class="n"' : ''
  const shown = typeof value === 'number' ? value.toLocaleString('en-GB') : value
  return `<${tag}${number}>${typeof shown === 'object' ? shown.html : escaped(shown)}</${tag}>`
}

function table(head: readonly string[], rows: readonly Cell[][]): string {
  const heads = head.map(
    (title, i) => `<th scope="col"${typeof rows[0]?.[i] === 'number' ? ' class="n"' : ''}>${escaped(title)}</th>`,
  )
  const body = rows.map(row => `<tr>${row.map(value => cell(value)).join('')}</tr>`)
  return `<table><thead><tr>${heads.join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table>`
}

const code = (text: string): Cell => ({ html: `<code>${escaped(text)}</code>` })

const MEANING = {
  'de-identified':
    'What is known to identify the patient was removed. Tissue itself can be recognised, so the slide is not anonymous.',
  pseudonymised:
    'What is known to identify the patient was removed. The site keeps a ledger that leads back to the source, and tissue itself can be recognised: these are still personal data.',
} as const

const DATES = { year: 'the year of the scan', shifted: 'another day instead of that of the scan' } as const

/** What stayed by choice, as a sentence. */
function keptText({ kept }: SignedReport): string {
  const macro = kept?.macro ? [`the picture of the whole glass without its ${kept.macro} end`] : []
  const dates = kept?.dates ? [DATES[kept.dates]] : []
  const thumbnail = kept?.thumbnail ? ['the thumbnail, where it shows no more than the levels'] : []
  const all = [...macro, ...thumbnail, ...dates]
  return all.length > 0 ? ` Kept by choice of the site: ${all.join('; ')}.` : ''
}

/** @param report nothing of it is trusted to be harmless in HTML */
export function reportPage(report: SignedReport): string {
  const { wording, format, revision, method, checks, removed, levels, files, searched, sizes, signature } = report
  const passed = checks.every(check => check.passed)
  const how =
    method === 'in-place'
      ? 'kept its format; stored pixels are the same, redacted tiles aside'
      : 'was made anew from its pixels'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>De-identification report</title>
<style>${STYLE}</style>
</head>
<body>
<h1>De-identification report</h1>
<p>This slide is <strong>${wording}</strong>. ${MEANING[wording]}</p>
<p class="quiet">Format ${escaped(format)}, revision ${revision}. The slide ${how}. ${sizes.source.toLocaleString('en-GB')} bytes before, ${sizes.result.toLocaleString('en-GB')} after; ${report.blankedBytes.toLocaleString('en-GB')} bytes were blanked.${keptText(report)}</p>
<h2>Proof</h2>
<p>${passed ? '<span class="yes">Every check passed.</span>' : '<span class="no">Not every check passed.</span>'} ${searched.texts.toLocaleString('en-GB')} texts of the source were looked for in ${searched.spellings.toLocaleString('en-GB')} spellings.</p>
${table(
  ['Check', 'Holds'],
  checks.map(check => [
    check.holds,
    { html: check.passed ? '<span class="yes">yes</span>' : '<span class="no">no</span>' },
  ]),
)}
<h2>Removed</h2>
${
  removed.length === 0
    ? '<p>Nothing had to be removed.</p>'
    : table(
        ['Place', 'What', 'Name', 'Bytes', 'Count'],
        removed.map(one => [one.place, one.kind, one.name, one.length, one.count]),
      )
}
<h2>Levels</h2>
${table(
  ['Size', 'Tiles', 'Redacted', 'Notes blanked', 'SHA-256 over the stored tiles'],
  levels.map(level => [
    `${level.width} × ${level.height}`,
    level.tiles,
    level.redacted,
    level.blanked,
    code(level.sha256),
  ]),
)}
<h2>Files</h2>
${table(
  ['Name', 'Bytes', 'SHA-256'],
  files.map(file => [file.name, file.bytes, code(file.sha256)]),
)}
<h2>Origin of this report</h2>
${table(
  ['', ''],
  [
    ['Program', `${report.tool} ${report.toolVersion}, rules ${report.rules}`],
    ['Rules, SHA-256', code(report.rulesSha256)],
    ['Source, keyed hash of the site', code(report.inputHmac)],
    ['Signature', code(`${signature.algorithm}, key ${signature.keyId}: ${signature.value}`)],
  ],
)}
<p class="quiet">The same report, as it was signed, is kept beside this page as JSON.</p>
</body>
</html>
`
}
