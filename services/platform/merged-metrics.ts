/**
 * One scrape of several processes: their samples side by side, told apart by the label `worker`. In Prometheus' text
 * format the lines of a metric must stand together, under one description.
 */

/** @param texts what each process answered, by its number */
export function mergeMetrics(texts: ReadonlyMap<number, string>): string {
  const families = new Map<string, { comments: string[]; samples: string[] }>()
  for (const [worker, text] of texts) {
    const known = new Set(families.keys())
    let family = familyOf(families, '')
    for (const line of text.split('\n')) {
      const comment = /^# (?:HELP|TYPE|UNIT) (\S+)/.exec(line)
      if (comment) {
        family = familyOf(families, comment[1]!)
        if (!known.has(comment[1]!)) family.comments.push(line)
      } else if (line !== '' && !line.startsWith('#')) {
        family.samples.push(labelled(line, worker))
      }
    }
  }
  const lines = [...families.values()].flatMap(({ comments, samples }) => [...comments, ...samples])
  return `${lines.join('\n')}\n`
}

function familyOf(families: Map<string, { comments: string[]; samples: string[] }>, name: string) {
  let family = families.get(name)
  if (!family) {
    family = { comments: [], samples: [] }
    families.set(name, family)
  }
  return family
}

/** `name{a="b"} 1` and `name 1` with one label more. */
function labelled(line: string, worker: number): string {
  const brace = line.indexOf('{')
  const space = line.indexOf(' ')
  if (brace === -1 || space < brace) return `${line.slice(0, space)}{worker="${worker}"}${line.slice(space)}`
  return `${line.slice(0, brace + 1)}worker="${worker}",${line.slice(brace + 1)}`
}
