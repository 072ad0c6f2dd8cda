import { availableParallelism } from 'node:os'
import { startThread, type Thread } from '../threads.ts'

interface Seat<Block> {
  thread: Thread<[number, number]>
  settle: { resolve(block: Block): void; reject(error: unknown): void } | null
}

function newSeat<Block>(worker: URL, settings: unknown): Seat<Block> {
  const thread = startThread<[number, number]>(worker, settings)
  const seat: Seat<Block> = { thread, settle: null }
  thread.worker.on('message', (block: Block) => seat.settle?.resolve(block))
  thread.worker.on('error', error => seat.settle?.reject(error))
  return seat
}

const ask = <Block>(seat: Seat<Block>, place: [number, number]) =>
  new Promise<Block>((resolve, reject) => {
    seat.settle = { resolve, reject }
    seat.thread.send(place)
  })

/**
 * Makes all blocks, row by row, on threads that run the file `worker` and are told `settings` once. They are yielded in order, so that a file made from them is the same
 * whatever the number of threads; no more than two per thread wait to be taken.
 */
export async function* makeBlocks<Block>(
  worker: URL,
  settings: unknown,
  columns: number,
  rows: number,
  workers = availableParallelism(),
): AsyncGenerator<{ column: number; row: number; block: Block }> {
  const count = columns * rows
  const seats = Array.from({ length: Math.max(1, Math.min(workers, count)) }, () => newSeat<Block>(worker, settings))
  const free = seats.map(() => Promise.resolve())
  const waiting: Promise<Block>[] = []
  let next = 0
  const start = () => {
    const index = next++
    const turn = index % seats.length
    const seat = seats[turn] as Seat<Block>
    const made = (free[turn] as Promise<void>).then(() => ask(seat, [index % columns, Math.floor(index / columns)]))
    free[turn] = made.then(() => {})
    // A failure is met where the block is awaited, below.
    free[turn]?.catch(() => {})
    made.catch(() => {})
    waiting.push(made)
  }
  try {
    for (let index = 0; index < count; index++) {
      while (next < count && waiting.length < seats.length * 2) start()
      const block = await (waiting.shift() as Promise<Block>)
      yield { column: index % columns, row: Math.floor(index / columns), block }
    }
  } finally {
    await Promise.all(seats.map(seat => seat.thread.end()))
  }
}
