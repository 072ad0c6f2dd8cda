import { describe, expect, it } from 'vitest'
import { newFeature, withName } from './model.ts'
import { noHistory, pushed, rebased, redo, renamed, undo } from './undo.ts'

const shape = (id: string) =>
  newFeature({ id, geometry: { type: 'Point', coordinates: [1, 2] }, kind: 'point', layer: 'A', term: null })

describe('undo', () => {
  const before = shape('a')
  const after = withName(before, 'named')
  const drawn = [{ id: 'a', before: null, after: before }]
  const edited = [{ id: 'a', before, after }]

  it('goes back and forth through the steps', () => {
    const history = pushed(pushed(noHistory, drawn), edited)
    const first = undo(history)
    expect(first?.step).toEqual([{ id: 'a', before: after, after: before }])
    const second = undo(first!.history)
    expect(second?.step).toEqual([{ id: 'a', before, after: null }])
    expect(undo(second!.history)).toBeNull()
    expect(redo(second!.history)?.step).toEqual(drawn)
    expect(redo(redo(second!.history)!.history)?.step).toEqual(edited)
  })

  it('forgets what was undone once something new is done', () => {
    const undone = undo(pushed(noHistory, drawn))!.history
    expect(redo(pushed(undone, edited))).toBeNull()
  })

  it('undoes the parts of one step in reverse order', () => {
    const step = undo(pushed(noHistory, [...drawn, ...edited]))!.step
    expect(step.map(change => change.after)).toEqual([before, null])
  })

  it('keeps nothing for an action that changed nothing', () => {
    expect(pushed(noHistory, [])).toBe(noHistory)
  })

  it('follows an annotation that came back under another id', () => {
    const history = renamed(pushed(pushed(noHistory, drawn), edited), 'a', 'b')
    expect(undo(history)?.step).toEqual([{ id: 'b', before: { ...after, id: 'b' }, after: { ...before, id: 'b' } }])
    expect(JSON.stringify(history)).not.toContain('"id":"a"')
  })

  it('takes over what the server made of a shape', () => {
    const stored = withName(before, 'tidied')
    const history = rebased(pushed(pushed(noHistory, drawn), edited), before, stored)
    expect(history.done).toEqual([[{ id: 'a', before: null, after: stored }], [{ id: 'a', before: stored, after }]])
  })
})
