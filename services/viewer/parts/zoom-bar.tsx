import type { Page } from '../slide/commands.ts'
import { run } from '../slide/commands.ts'
import { magnificationOf, magnificationText, presets, ratioText } from '../slide/units.ts'
import { IconButton } from './button.tsx'

/** What is on the screen now, and the steps to go to. */
export function ZoomBar({ page }: { page: Page }) {
  const { slide, view } = page.state
  const { resolution } = view.value
  const label = slide.mpp ? magnificationText(magnificationOf(slide.mpp, resolution)) : ratioText(resolution)
  return (
    <fieldset class="zoom-bar bar">
      <legend class="hidden">Magnification</legend>
      <output
        class="magnification"
        title={slide.mpp ? 'Magnification on the screen' : 'No micrometres per pixel known'}
      >
        {label}
      </output>
      <IconButton icon="minus" label="Zoom out" keys="−" onClick={() => run(page, { do: 'zoom', by: -1 })} />
      {presets(slide.mpp).map((preset, index) => (
        <button
          key={preset.label}
          type="button"
          class={preset.beyondScan ? 'beyond' : ''}
          title={`${preset.label}${preset.beyondScan ? ', more than was scanned' : ''} (${index + 1})`}
          aria-pressed={Math.abs(preset.resolution / resolution - 1) < 0.01}
          onClick={() => run(page, { do: 'preset', index })}
        >
          {preset.label}
        </button>
      ))}
      <IconButton icon="plus" label="Zoom in" keys="+" onClick={() => run(page, { do: 'zoom', by: 1 })} />
      <IconButton icon="home" label="Whole slide" keys="0" onClick={() => run(page, { do: 'home' })} />
    </fieldset>
  )
}
