import { expect, test } from 'vitest'
import { mergeMetrics } from './merged-metrics.ts'

test('the samples of a metric stand together, under one description, told apart by their worker', () => {
  const of = (count: number): string => `# HELP a_total what a is
# TYPE a_total counter
a_total{of="x y"} ${count}
a_total ${count + 1}

# HELP b_seconds time
# TYPE b_seconds histogram
b_seconds_count ${count}
`
  expect(
    mergeMetrics(
      new Map([
        [1, of(10)],
        [2, of(20)],
      ]),
    ),
  ).toBe(`# HELP a_total what a is
# TYPE a_total counter
a_total{worker="1",of="x y"} 10
a_total{worker="1"} 11
a_total{worker="2",of="x y"} 20
a_total{worker="2"} 21
# HELP b_seconds time
# TYPE b_seconds histogram
b_seconds_count{worker="1"} 10
b_seconds_count{worker="2"} 20
`)
})

test('what only one worker has is there once', () => {
  expect(
    mergeMetrics(
      new Map([
        [1, ''],
        [2, '# TYPE c gauge\nc 1\n'],
      ]),
    ),
  ).toBe('# TYPE c gauge\nc{worker="2"} 1\n')
})
