import type { ComponentChildren } from 'preact'

interface TableProps {
  /** What the columns hold, as texts; one of numbers lies to the right. */
  columns: readonly (string | { numbers: string })[]
  /** Said aloud when rows change. */
  live?: boolean
  children: ComponentChildren
}

/** A table that scrolls by itself where the page is too narrow for it. */
export const Table = ({ columns, live, children }: TableProps) => (
  <div class="table-scroll">
    <table>
      <thead>
        <tr>
          {columns.map(column =>
            typeof column === 'string' ? (
              <th key={column} scope="col">
                {column}
              </th>
            ) : (
              <th key={column.numbers} scope="col" class="number">
                {column.numbers}
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody aria-live={live ? 'polite' : undefined}>{children}</tbody>
    </table>
  </div>
)
