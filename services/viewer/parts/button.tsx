/** A button that shows an icon, says what it does, and tells its key. */
import type { IconName } from './icons.tsx'
import { Icons } from './icons.tsx'

interface IconButtonProps {
  icon: IconName
  label: string
  /** The key that does the same. */
  keys?: string
  pressed?: boolean
  disabled?: boolean
  onClick(): void
}

export function IconButton({ icon, label, keys, pressed, disabled, onClick }: IconButtonProps) {
  const Icon = Icons[icon]
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={keys ? `${label} (${keys})` : label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon />
    </button>
  )
}
