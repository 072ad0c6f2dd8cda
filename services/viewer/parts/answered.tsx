import type { ComponentChildren } from 'preact'
import type { Answer } from '../use-answer.ts'

interface AnsweredProps<T> {
  answer: Answer<T>
  children(value: T): ComponentChildren
}

/** What was answered, once it is; why not, when it failed. */
export function Answered<T>({ answer, children }: AnsweredProps<T>) {
  const { value, failure, again } = answer
  return (
    <>
      {failure ? (
        <p class="banner" role="alert">
          {failure}{' '}
          <button type="button" class="plain-button" onClick={() => void again()}>
            Try again
          </button>
        </p>
      ) : null}
      {value === null ? failure ? null : <p class="loading">Loading…</p> : children(value)}
    </>
  )
}

/** Why something that somebody did was not done. */
export const Failure = ({ of: failure }: { of: string }) =>
  failure ? (
    <p class="reason" role="alert">
      {failure}
    </p>
  ) : null
