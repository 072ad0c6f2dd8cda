/** The table of values in the chart's README, from the comments of values.yaml. */

export interface ValueRow {
  path: string
  value: string
  says: string
}

/** Keys with the comment right above them; a key without one belongs to the comment of the key that holds it. */
export function documented(yaml: string): ValueRow[] {
  const rows: ValueRow[] = []
  const path: { indent: number; key: string }[] = []
  let says: string[] = []
  for (const line of yaml.split('\n')) {
    const comment = /^\s*# ?(.*)$/.exec(line)
    const entry = /^(\s*)([\w./-]+):(?: (.*))?$/.exec(line)
    if (comment) says.push(comment[1]!)
    else if (entry) {
      const [indent, key, value = ''] = [entry[1]!.length, entry[2]!, entry[3]]
      while (path.length > 0 && path.at(-1)!.indent >= indent) path.pop()
      path.push({ indent, key })
      if (says.length > 0) rows.push({ path: path.map(one => one.key).join('.'), value, says: says.join(' ') })
      says = []
    } else says = []
  }
  return rows
}

/** @throws Error when the README has no place for the table */
export function valuesReadme(readme: string, yaml: string): string {
  const [start, end] = ['<!-- values: generated -->\n', '\n<!-- /values -->']
  const [before, rest] = readme.split(start)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error('the chart README has no place for its values')
  const rows = documented(yaml).map(
    ({ path, value, says }) => `| \`${path}\` | ${value ? `\`${value}\`` : ''} | ${says} |`,
  )
  return `${before}${start}\n${['| value | default | meaning |', '| --- | --- | --- |', ...rows].join('\n')}\n${end}${after}`
}
