/** What each key does; the help page shows this table. Off while somebody types. */
export type Tool = 'select' | 'polygon' | 'freehand' | 'rectangle' | 'ellipse' | 'point' | 'ruler'
export type DrawTool = Exclude<Tool, 'select'>

export type Command =
  | { do: 'tool'; tool: Tool }
  | { do: 'pan'; x: number; y: number; far: boolean }
  | { do: 'zoom'; by: number }
  | { do: 'preset'; index: number }
  | { do: 'rotate'; by: number }
  | { do: 'term'; index: number }
  | { do: 'next'; by: 1 | -1 }
  | {
      do:
        | 'home'
        | 'undo'
        | 'redo'
        | 'delete'
        | 'toggle-all'
        | 'toggle-minimap'
        | 'finish'
        | 'cancel'
        | 'step-back'
        | 'help'
    }

export interface KeyPress {
  key: string
  code: string
  ctrlKey: boolean
  metaKey: boolean
  shiftKey: boolean
  altKey: boolean
}

const QUARTER_TURN = Math.PI / 2

const PLAIN: Record<string, Command> = {
  v: { do: 'tool', tool: 'select' },
  p: { do: 'tool', tool: 'polygon' },
  f: { do: 'tool', tool: 'freehand' },
  r: { do: 'tool', tool: 'rectangle' },
  e: { do: 'tool', tool: 'ellipse' },
  o: { do: 'tool', tool: 'point' },
  l: { do: 'tool', tool: 'ruler' },
  '+': { do: 'zoom', by: 1 },
  '=': { do: 'zoom', by: 1 },
  '-': { do: 'zoom', by: -1 },
  '0': { do: 'home' },
  ',': { do: 'rotate', by: -QUARTER_TURN / 6 },
  '.': { do: 'rotate', by: QUARTER_TURN / 6 },
  '<': { do: 'rotate', by: -QUARTER_TURN },
  '>': { do: 'rotate', by: QUARTER_TURN },
  a: { do: 'toggle-all' },
  m: { do: 'toggle-minimap' },
  delete: { do: 'delete' },
  backspace: { do: 'step-back' },
  enter: { do: 'finish' },
  escape: { do: 'cancel' },
  '?': { do: 'help' },
}
const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** The command of a key press, null for keys that mean nothing here. */
export function commandFor(press: KeyPress): Command | null {
  const key = press.key.toLowerCase()
  if (press.ctrlKey || press.metaKey) {
    if (press.altKey) return null
    if (key === 'z') return { do: press.shiftKey ? 'redo' : 'undo' }
    return key === 'y' ? { do: 'redo' } : null
  }
  // With Alt some layouts produce another character, so the key's place on the keyboard counts.
  const digit = Number(/^(?:Digit|Numpad)([1-9])$/.exec(press.code)?.[1] ?? 0)
  if (press.altKey) return digit ? { do: 'term', index: digit - 1 } : null
  const arrow = ARROWS[press.key]
  if (arrow) return { do: 'pan', x: arrow[0], y: arrow[1], far: press.shiftKey }
  if (key === 'n') return { do: 'next', by: press.shiftKey ? -1 : 1 }
  if (/^[1-6]$/.test(key)) return { do: 'preset', index: Number(key) - 1 }
  return PLAIN[key] ?? null
}

export interface KeyHelp {
  keys: string
  what: string
}
export const KEY_HELP: readonly { title: string; rows: readonly KeyHelp[] }[] = [
  {
    title: 'Move',
    rows: [
      { keys: 'Wheel, + −', what: 'Zoom' },
      { keys: '1 … 6', what: 'Magnification presets' },
      { keys: '0', what: 'Whole slide' },
      { keys: 'Drag, arrows', what: 'Pan (Shift: half a screen)' },
      { keys: 'Space + drag, middle drag', what: 'Pan while drawing' },
      { keys: ', .', what: 'Rotate by 15° (Shift: by 90°)' },
      { keys: 'M', what: 'Show or hide the minimap' },
    ],
  },
  {
    title: 'Draw',
    rows: [
      { keys: 'V', what: 'Select and edit' },
      { keys: 'P F', what: 'Polygon, freehand' },
      { keys: 'R E', what: 'Rectangle, ellipse' },
      { keys: 'O L', what: 'Point, ruler' },
      { keys: 'Enter, double click', what: 'Finish the polygon' },
      { keys: 'Backspace', what: 'Take back the last corner' },
      { keys: 'Esc', what: 'Cancel the shape, then the tool' },
      { keys: 'Alt + 1 … 9', what: 'Term of new or selected shapes' },
    ],
  },
  {
    title: 'Annotations',
    rows: [
      { keys: 'N, Shift + N', what: 'Next, previous annotation' },
      { keys: 'Ctrl or Shift + click', what: 'Select several' },
      { keys: 'Alt + click on a corner', what: 'Remove the corner' },
      { keys: 'Delete', what: 'Delete what is selected' },
      { keys: 'Ctrl + Z', what: 'Undo' },
      { keys: 'Ctrl + Shift + Z', what: 'Redo' },
      { keys: 'A', what: 'Show or hide all' },
      { keys: '?', what: 'This page' },
    ],
  },
]

/** True when keys belong to a field or an open dialog and not to the slide. */
export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.closest('input:not([type=range]):not([type=checkbox]), textarea, select, dialog') !== null ||
    target.isContentEditable)
