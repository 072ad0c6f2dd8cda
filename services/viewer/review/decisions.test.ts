import { describe, expect, it } from 'vitest'
import { createDecisions, type Decision } from './decisions.ts'

const approve = (id: string): Decision => ({ id, revision: 1, decision: 'approve' })

function setUp(answer: () => Promise<void> = async () => {}) {
  const sent: string[] = []
  const refused: string[] = []
  const decisions = createDecisions({
    delay: 20,
    send: async ({ id }) => {
      sent.push(id)
      await answer()
    },
    refused: ({ id }) => refused.push(id),
  })
  return { sent, refused, decisions }
}
const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

describe('a decision', () => {
  it('is told after its moment, once', async () => {
    const { sent, decisions } = setUp()
    decisions.decide(approve('a'))
    decisions.decide(approve('a'))
    expect(sent).toEqual([])
    await wait(60)
    expect(sent).toEqual(['a'])
    expect(decisions.decided.value).toHaveLength(1)
  })

  it('can be taken back until then, the latest first', async () => {
    const { sent, decisions } = setUp()
    decisions.decide(approve('a'))
    decisions.decide(approve('b'))
    expect(decisions.takeBack()?.id).toBe('b')
    await wait(60)
    expect(sent).toEqual(['a'])
    expect(decisions.takeBack()).toBeUndefined()
  })

  it('that the server refuses leaves the slide waiting', async () => {
    const { refused, decisions } = setUp(() => Promise.reject(new Error('stale')))
    decisions.decide(approve('a'))
    await wait(60)
    expect(refused).toEqual(['a'])
    expect(decisions.decided.value).toEqual([])
  })

  it('is not told when the page is closed before', async () => {
    const { sent, decisions } = setUp()
    decisions.decide(approve('a'))
    decisions.close()
    await wait(60)
    expect(sent).toEqual([])
  })
})
