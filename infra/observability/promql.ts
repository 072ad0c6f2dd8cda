/** What a PromQL query asks for, by Prometheus' own grammar. */
import { parser } from '@prometheus-io/lezer-promql'

type Node = ReturnType<typeof parser.parse>['topNode']

export interface Matcher {
  label: string
  /** `=`, `!=`, `=~`, `!~` */
  op: string
  value: string
}

/** One place of a query that names a metric. */
export interface Selector {
  metric: string
  matchers: Matcher[]
  /** Labels by which the query keeps its series apart, in any expression around. */
  groupedBy: string[]
  /** Functions around, innermost first. */
  within: string[]
}

/** Grafana fills these in. */
const withoutVariables = (query: string): string => query.replaceAll('$__rate_interval', '5m')

/**
 * @throws Error for what is no PromQL, for a query that names no metric, and for a quantile that does not keep its buckets
 * apart
 */
export function selectorsOf(query: string): Selector[] {
  const text = withoutVariables(query)
  const selectors: Selector[] = []
  parser.parse(text).iterate({
    enter({ node, type }) {
      if (type.isError) throw new Error(`no PromQL after "${text.slice(0, node.from)}"`)
      if (type.name === 'VectorSelector') selectors.push(selectorOf(node, text))
    },
  })
  if (selectors.length === 0) throw new Error(`names no metric: ${query}`)
  for (const { metric, groupedBy, within } of selectors) {
    if (!within.includes('histogram_quantile')) continue
    if (!metric.endsWith('_bucket') || !groupedBy.includes('le')) {
      throw new Error(`histogram_quantile wants the buckets of a histogram, by le: ${query}`)
    }
  }
  return selectors
}

function selectorOf(node: Node, text: string): Selector {
  const read = (one: Node): string => text.slice(one.from, one.to)
  const name = node.getChild('Identifier')
  if (!name) throw new Error(`a selector without the name of a metric: ${read(node)}`)
  const matchers = (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map(matcher => {
    const [label, op, value] = ['LabelName', 'MatchOp', 'StringLiteral'].map(part => read(matcher.getChild(part)!))
    return { label: label!, op: op!, value: JSON.parse(value!) as string }
  })
  const groupedBy: string[] = []
  const within: string[] = []
  for (let around = node.parent; around; around = around.parent) {
    if (around.name === 'FunctionCall') within.push(read(around.getChild('FunctionIdentifier')!))
    const modifier = around.getChild('AggregateModifier') ?? around.getChild('MatchingModifierClause')
    const labels = modifier?.getChild('By') || modifier?.getChild('On') ? modifier.getChild('GroupingLabels') : null
    groupedBy.push(...(labels?.getChildren('LabelName') ?? []).map(read))
  }
  return { metric: read(name), matchers, groupedBy: [...new Set(groupedBy)], within }
}
