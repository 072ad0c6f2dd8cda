/** @param value 0 to 1 */
export function Progress({ label, value }: { label: string; value: number }) {
  const percent = Math.round(Math.min(1, Math.max(0, value)) * 100)
  return (
    <div class="progress">
      <span>
        {label} <small>{percent} %</small>
      </span>
      <progress max={100} value={percent} aria-label={label} />
    </div>
  )
}
