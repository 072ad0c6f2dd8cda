/** Undo and redo as a pure history of steps; a step holds every annotation that one action of the user touched. */
import type { AnnotationFeature } from './model.ts'
import { sameContent } from './model.ts'

export interface Change {
  id: string
  /** Null: it was not there. */
  before: AnnotationFeature | null
  /** Null: it is gone. */
  after: AnnotationFeature | null
}
export type Step = readonly Change[]
export interface History {
  readonly done: readonly Step[]
  readonly undone: readonly Step[]
}

const DEEPEST = 200
export const noHistory: History = { done: [], undone: [] }

/** A new action; what was undone before can no longer be redone. */
export const pushed = (history: History, step: Step): History =>
  step.length === 0 ? history : { done: [...history.done, step].slice(-DEEPEST), undone: [] }

const inverse = (step: Step): Step =>
  step.map(({ id, before, after }) => ({ id, before: after, after: before })).reverse()

/** The step to carry out so that the last action is undone, and the history after it. */
export function undo(history: History): { step: Step; history: History } | null {
  const last = history.done.at(-1)
  if (!last) return null
  return { step: inverse(last), history: { done: history.done.slice(0, -1), undone: [...history.undone, last] } }
}

export function redo(history: History): { step: Step; history: History } | null {
  const last = history.undone.at(-1)
  if (!last) return null
  return { step: last, history: { done: [...history.done, last], undone: history.undone.slice(0, -1) } }
}

/**
 * A deleted annotation comes back under a new id, since a used id stays used at the server; every step that spoke of
 * the old one speaks of the new one from then on.
 */
export const renamed = (history: History, from: string, to: string): History => ({
  done: history.done.map(step => renamedStep(step, from, to)),
  undone: history.undone.map(step => renamedStep(step, from, to)),
})
const renamedStep = (step: Step, from: string, to: string): Step =>
  step.map(change =>
    change.id === from ? { id: to, before: as(change.before, to), after: as(change.after, to) } : change,
  )
const as = (feature: AnnotationFeature | null, id: string) => feature && { ...feature, id }

/** The server may store a shape a little differently than it was sent; the history then speaks of the stored one. */
export const rebased = (history: History, sent: AnnotationFeature, stored: AnnotationFeature): History => {
  const swap = (feature: AnnotationFeature | null) => (sameContent(feature, sent) ? stored : feature)
  const swapStep = (step: Step): Step =>
    step.map(change =>
      change.id === sent.id ? { ...change, before: swap(change.before), after: swap(change.after) } : change,
    )
  return { done: history.done.map(swapStep), undone: history.undone.map(swapStep) }
}
