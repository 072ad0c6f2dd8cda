import { AsyncLocalStorage } from 'node:async_hooks'

/** Knows whether the running code is inside an open transaction of one database. */
export interface TransactionScope {
  /** Runs the work as the inside of a transaction. */
  inside<Result>(work: () => Promise<Result>): Promise<Result>
  /** Runs the work as if no transaction were open around it: for callbacks that a commit sets off. */
  outside<Result>(work: () => Result): Result
  /** @throws Error "query outside the open transaction" when called inside of one. */
  refuseInside(): void
}

/**
 * A query that takes a second connection inside a transaction waits for ever where there is one connection only, and
 * on a busy pool as soon as every transaction does so. Refusing it always makes that a plain error on both adapters.
 */
export function transactionScope(): TransactionScope {
  const current = new AsyncLocalStorage<{ open: boolean }>()
  return {
    inside(work) {
      const transaction = { open: true }
      return current.run(transaction, async () => {
        try {
          return await work()
        } finally {
          // What the work left running may query again from here on.
          transaction.open = false
        }
      })
    },
    outside: work => current.exit(work),
    refuseInside() {
      if (current.getStore()?.open) throw new Error('query outside the open transaction')
    },
  }
}
