import { timeLeftText } from '../slide/units.ts'

interface Props {
  label: string
  /** 0 to 1. */
  value: number
  secondsLeft?: number | null
}

export function Progress({ label, value, secondsLeft }: Props) {
  const percent = Math.round(Math.min(1, Math.max(0, value)) * 100)
  return (
    <div class="progress">
      <span>
        {label} <small>{[`${percent} %`, timeLeftText(secondsLeft ?? null)].filter(Boolean).join(', ')}</small>
      </span>
      <progress max={100} value={percent} aria-label={label} />
    </div>
  )
}
