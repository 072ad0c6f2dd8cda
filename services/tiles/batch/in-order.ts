/** Results in order, of work that is begun some way ahead. */

/**
 * @param ahead how many are under way at once
 * @throws whatever the work in turn throws; what was begun beyond it ends unheard
 */
export async function* inOrder<Result>(
  count: number,
  ahead: number,
  work: (index: number) => Promise<Result>,
): AsyncGenerator<Result> {
  const underway: Promise<Result>[] = []
  const begin = (index: number): void => {
    if (index >= count) return
    const begun = work(index)
    // Awaited in its turn; until then a failure must not count as nobody's.
    begun.catch(() => {})
    underway.push(begun)
  }
  for (let index = 0; index < ahead; index += 1) begin(index)
  for (let index = 0; index < count; index += 1) {
    const result = await underway.shift()!
    begin(index + ahead)
    yield result
  }
}
