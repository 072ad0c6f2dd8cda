/** What the server says, kept for a page. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { messageOf, signedIn } from './api.ts'

export interface Answer<T> {
  /** Null until the first answer. */
  value: T | null
  failure: string
  /** Asks again; what was said before stays on the page meanwhile. */
  again(): Promise<void>
  /** Takes an answer that came another way, from a change for one. */
  put(value: T): void
}

/**
 * Asks when the page opens and whenever `key` changes.
 * @param every milliseconds until the next look at what was answered; null: it will not change by itself
 */
export function useAnswer<T>(key: string, ask: () => Promise<T>, every?: (value: T) => number | null): Answer<T> {
  const [value, setValue] = useState<T | null>(null)
  const [failure, setFailure] = useState('')
  const turn = useRef(0)
  const again = useCallback(async () => {
    turn.current += 1
    const mine = turn.current
    try {
      const found = await signedIn(ask())
      if (mine !== turn.current) return
      setValue(found)
      setFailure('')
    } catch (error) {
      if (mine === turn.current) setFailure(messageOf(error))
    }
  }, [key])
  useEffect(() => {
    setValue(null)
    void again()
    return () => {
      turn.current += 1
    }
  }, [again])
  const wait = value !== null && every ? every(value) : null
  useEffect(() => {
    if (wait === null) return
    const timer = setInterval(() => !document.hidden && void again(), wait)
    return () => clearInterval(timer)
  }, [wait, again])
  return { value, failure, again, put: setValue }
}

/** One thing that somebody does: whether it is under way, and why it did not work. */
export function useAttempt() {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState('')
  /** @returns whether it worked */
  const attempt = useCallback(async (action: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true)
    setFailure('')
    try {
      await signedIn(action())
      return true
    } catch (error) {
      setFailure(messageOf(error))
      return false
    } finally {
      setBusy(false)
    }
  }, [])
  return { busy, failure, attempt }
}
