import type { KeyHelp } from '../tools/keymap.ts'

/** Keys, and what they do. */
export function KeyList({ rows }: { rows: readonly KeyHelp[] }) {
  return (
    <dl>
      {rows.map(({ keys, what }) => (
        <div key={keys}>
          <dt>
            <kbd>{keys}</kbd>
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  )
}
