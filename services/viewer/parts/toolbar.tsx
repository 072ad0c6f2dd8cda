import type { Page } from '../slide/commands.ts'
import { run } from '../slide/commands.ts'
import type { Tool } from '../tools/keymap.ts'
import { IconButton } from './button.tsx'

const TOOLS: readonly { tool: Tool; label: string; keys: string }[] = [
  { tool: 'select', label: 'Select and edit', keys: 'V' },
  { tool: 'polygon', label: 'Polygon', keys: 'P' },
  { tool: 'freehand', label: 'Freehand', keys: 'F' },
  { tool: 'rectangle', label: 'Rectangle', keys: 'R' },
  { tool: 'ellipse', label: 'Ellipse', keys: 'E' },
  { tool: 'point', label: 'Point', keys: 'O' },
  { tool: 'ruler', label: 'Ruler', keys: 'L' },
]

const HINTS: Record<Tool, string> = {
  select: '',
  polygon: 'Click the corners; double click, Enter or the first corner closes. Space + drag pans.',
  freehand: 'Drag along the border. Space + drag pans.',
  rectangle: 'Drag from corner to corner. Space + drag pans.',
  ellipse: 'Drag from corner to corner of its box. Space + drag pans.',
  point: 'Click to set a point. Space + drag pans.',
  ruler: 'Drag along what you want to measure. Space + drag pans.',
}

export function Toolbar({ page }: { page: Page }) {
  const { state, session } = page
  return (
    <div class="toolbar bar" role="toolbar" aria-label="Tools" aria-orientation="vertical">
      {TOOLS.map(({ tool, label, keys }) => (
        <IconButton
          key={tool}
          icon={tool}
          label={label}
          keys={keys}
          pressed={state.tool.value === tool}
          disabled={!state.writable && tool !== 'select'}
          onClick={() => run(page, { do: 'tool', tool })}
        />
      ))}
      <hr />
      <IconButton icon="undo" label="Undo" keys="Ctrl+Z" disabled={!session.canUndo.value} onClick={session.undo} />
      <IconButton
        icon="redo"
        label="Redo"
        keys="Ctrl+Shift+Z"
        disabled={!session.canRedo.value}
        onClick={session.redo}
      />
      <IconButton
        icon="trash"
        label="Delete selected"
        keys="Delete"
        disabled={!state.writable || state.selection.value.size === 0}
        onClick={page.controller.deleteSelected}
      />
    </div>
  )
}

export function ToolHint({ page }: { page: Page }) {
  const hint = HINTS[page.state.tool.value]
  return hint ? <p class="tool-hint">{hint}</p> : null
}
