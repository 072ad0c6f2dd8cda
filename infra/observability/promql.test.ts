import { expect, test } from 'vitest'
import { selectorsOf } from './promql.ts'

test('finds each metric with its matchers, the labels it is kept apart by, and the functions around', () => {
  const query = 'topk(5, histogram_quantile(0.95, sum by (le, r) (rate(a_bucket{x="1",y=~"2|3"}[$__rate_interval]))))'
  expect(selectorsOf(query)).toEqual([
    {
      metric: 'a_bucket',
      matchers: [
        { label: 'x', op: '=', value: '1' },
        { label: 'y', op: '=~', value: '2|3' },
      ],
      groupedBy: ['le', 'r'],
      within: ['rate', 'histogram_quantile'],
    },
  ])
  const both = selectorsOf('sum by (n) (rate(a[5m])) / on (n) sum by (n) (rate(b[5m])) > 0')
  expect(both.map(({ metric, groupedBy }) => [metric, groupedBy])).toEqual([
    ['a', ['n']],
    ['b', ['n']],
  ])
})

test.each([
  ['sum(rate(a[5m])', 'no PromQL'],
  ['sum by (n (a)', 'no PromQL'],
  ['1 + 1', 'names no metric'],
  ['max({__name__=~"a_.*"})', 'without the name'],
  ['histogram_quantile(0.9, sum by (n) (rate(a_bucket[5m])))', 'by le'],
  ['histogram_quantile(0.9, sum by (le) (rate(a_count[5m])))', 'buckets'],
])('%s is refused: %s', (query, says) => {
  expect(() => selectorsOf(query)).toThrow(says)
})
