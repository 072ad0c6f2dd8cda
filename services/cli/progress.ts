/** What the user sees while work goes on: bars that redraw on a terminal, a plain line per step elsewhere. */

/** Where progress is written: standard error, so that results can be piped. */
export interface Screen {
  write(text: string): unknown
  isTTY?: boolean | undefined
  columns?: number | undefined
}

export interface Progress {
  /** @param fraction 0 to 1; undefined while it is unknown */
  step(name: string, step: string, fraction?: number): void
  /** Ends a line with its outcome. */
  done(name: string, outcome: string): void
  /** Writes a line of text above the bars. */
  say(text: string): void
  /** Leaves the cursor below everything. */
  close(): void
}

/** Shows nothing; for `--json` without a terminal. */
export const noProgress: Progress = { step() {}, done() {}, say() {}, close() {} }

export const progressOn = (screen: Screen): Progress => (screen.isTTY ? bars(screen) : lines(screen))

const REDRAW_MS = 80

function bars(screen: Screen): Progress {
  const shown = new Map<string, string>()
  let drawn = 0
  let lastDraw = 0
  const erase = (): string => (drawn ? `\x1b[${drawn}A\x1b[0J` : '')
  const draw = (above = ''): void => {
    const rows = [...shown.values()].slice(0, 12)
    screen.write(`${erase()}${above}${rows.map(row => `${row}\n`).join('')}`)
    drawn = rows.length
    lastDraw = Date.now()
  }
  return {
    step(name, step, fraction) {
      const isNew = !shown.has(name)
      shown.set(name, barLine(name, step, fraction, screen.columns || 80))
      if (isNew || Date.now() - lastDraw >= REDRAW_MS) draw()
    },
    done(name, outcome) {
      shown.delete(name)
      draw(`${clip(`${name}  ${outcome}`, 4 * (screen.columns || 80))}\n`)
    },
    say: text => draw(`${text}\n`),
    close() {
      if (shown.size > 0) draw()
      shown.clear()
      drawn = 0
    },
  }
}

function lines(screen: Screen): Progress {
  const last = new Map<string, string>()
  return {
    step(name, step) {
      if (last.get(name) === step) return
      last.set(name, step)
      screen.write(`${name}: ${step}\n`)
    },
    done(name, outcome) {
      last.delete(name)
      screen.write(`${name}: ${outcome}\n`)
    },
    say: text => screen.write(`${text}\n`),
    close() {},
  }
}

/** `name  step  ████░░░░  42 %`, no wider than the terminal. */
function barLine(name: string, step: string, fraction: number | undefined, columns: number): string {
  const width = 24
  const known = fraction === undefined ? undefined : Math.max(0, Math.min(1, fraction))
  const filled = Math.round((known ?? 0) * width)
  const percent = known === undefined ? '' : `${Math.floor(known * 100)} %`
  const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`
  const right = `${step.padEnd(15)} ${bar} ${percent.padStart(5)}`
  const room = Math.max(8, columns - right.length - 3)
  return `${clip(name, room).padEnd(Math.min(room, 40))}  ${right}`
}

/** Keeps the end of a name, which tells files of one folder apart. */
function clip(text: string, room: number): string {
  return text.length <= room ? text : `…${text.slice(text.length - room + 1)}`
}
